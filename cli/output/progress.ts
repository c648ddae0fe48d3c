/** Says on a terminal that something takes longer than a second; nothing elsewhere. */
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Waits for some work; `title` says what is done, such as `reading the cluster`. */
export async function withProgress<T>(title: string, work: Promise<T>): Promise<T> {
  const { stderr } = process;
  if (!stderr.isTTY) return work;
  const start = Date.now();
  const timer = setInterval(() => {
    const elapsed = Date.now() - start;
    if (elapsed >= 1000) {
      const frame = frames[Math.floor(elapsed / 100) % frames.length];
      stderr.write(`\r\x1b[2K${frame} ${title}, ${Math.floor(elapsed / 1000)} s`);
    }
  }, 100);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (Date.now() - start >= 1000) stderr.write("\r\x1b[2K");
  }
}
