// Something that the person at the keyboard can mend: printed as one sentence, without a stack.

export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
  }
}
