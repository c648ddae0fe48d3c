/** Says that something slow goes on: one line that is rewritten on a terminal, elsewhere a line every half minute. */
export type Progress = { detail(text: string): void; end(): void };

/** @param title what is done, without a full stop */
export function progress(title: string): Progress {
  const terminal = process.stderr.isTTY === true;
  const start = Date.now();
  let detail = "";
  const elapsed = () => {
    const seconds = Math.round((Date.now() - start) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  const line = () => `${title}  ${elapsed()}${detail && `  ${detail}`}`;
  const show = () =>
    process.stderr.write(terminal ? `\r\x1b[2K${line().slice(0, process.stderr.columns - 1)}` : `${line()}\n`);
  show();
  const timer = setInterval(show, terminal ? 250 : 30_000);
  return {
    detail: (text) => {
      detail = text;
    },
    end: () => {
      clearInterval(timer);
      if (terminal) process.stderr.write("\r\x1b[2K");
      process.stderr.write(`${title}: took ${elapsed()}\n`);
    },
  };
}
