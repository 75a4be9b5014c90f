// Addresses as they may be shown: a password beside a user's name is no one else's business.

/** A text that is no address stays as it is. */
export function redactedUrl(url: string): string {
  // Up to the last @ before the path: a password may have one itself.
  return url.replace(/^(\w+:\/\/[^/?#@:]*):[^/?#]*@/, "$1:<secret>@");
}
