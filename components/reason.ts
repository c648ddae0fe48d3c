/** Why a file could not be read or written, in words that it stands before; of others the first line, or that of what caused it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = "code" in error ? String(error.code) : "";
  // The words of a command that could not be started name the command.
  const isOfFile = "syscall" in error && !String(error.syscall).startsWith("spawn");
  return (isOfFile && ofFiles[code]) || error.message.split("\n")[0] || code || error.name;
}

const ofFiles: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file",
  EACCES: "you do not have the right",
  EPERM: "you do not have the right",
  EROFS: "the file system can only be read",
  ENOSPC: "the disk is full",
};
