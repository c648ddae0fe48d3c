/** mocha's spec reporter, with a closing line that people and machines read: `N passed, N failed`. */
import Mocha from "mocha";

export default class ClosingLine extends Mocha.reporters.Spec {
  override epilogue(): void {
    super.epilogue();
    console.log(`${this.stats.passes} passed, ${this.stats.failures} failed`);
  }
}
