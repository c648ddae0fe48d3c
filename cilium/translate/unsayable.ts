/** What the language has no word for: the policy that says it stays as it is. */
export class Unsayable extends Error {
  /** @param reason what, as `ingress[0]: icmps` */
  constructor(reason: string) {
    super(reason);
    this.name = "Unsayable";
  }
}
