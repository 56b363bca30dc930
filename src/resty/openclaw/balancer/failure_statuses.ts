/** Which answers say that a node has failed. What nginx says of a node that did not answer is no matter of these. */

/** Not 501 (no such function), 507 or 529: a request can bring these about at any node. */
export const DEFAULTS: number[] = [500, 502, 503, 504];
