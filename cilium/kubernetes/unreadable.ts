/** Objects from which there is no answer. */

/** One line for each thing that keeps an input from being read, for whoever wrote it. */
export class UnreadableObjects extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnreadableObjects";
  }
}
