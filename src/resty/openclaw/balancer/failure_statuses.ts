/** Which answers say that a node has failed. The statuses that nginx gives to tries without an answer are not among them. */

/** Without 501, 507 and 529: a request can cause these at any node. */
export const DEFAULTS: number[] = [500, 502, 503, 504];
