/** A container's specification cannot be carried out as it stands; kubelets word it the same. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}
