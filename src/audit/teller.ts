/** Gathers sentences; what protects less is told among all of them, and once more by itself. */
export class Teller {
  readonly says: string[] = [];
  readonly weaker: string[] = [];

  say(text: string): void {
    this.says.push(text);
  }

  weak(text: string): void {
    this.says.push(text);
    this.weaker.push(text);
  }

  either(isWeaker: boolean, text: string): void {
    if (isWeaker) this.weak(text);
    else this.say(text);
  }
}

/** `1 owner`, `2 owners`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
