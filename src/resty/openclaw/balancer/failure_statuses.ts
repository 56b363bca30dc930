/** Which answers say that a node has failed. What nginx says of a node that did not answer is no matter of these. */
import type { Options } from "../options";
import * as status_list from "./status_list";
import type { StatusList } from "./status_list";

/** Not 501 (no such function), 507 or 529: a request can bring these about at any node. */
const DEFAULTS = [500, 502, 503, 504];

/** What the option `failure_statuses` says. Raises when it is wrong. Phases: init. */
export function statuses(owner: string, options: Options): StatusList {
    return status_list.read(owner, options, "failure_statuses", DEFAULTS);
}
