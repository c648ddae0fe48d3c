/** What a reader of the answer should know but the answer does not say: on standard error, so that output stays clean. */
export const note = (text: string): void => {
  process.stderr.write(`note: ${text}\n`);
};
