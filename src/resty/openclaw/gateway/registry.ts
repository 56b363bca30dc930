/** All built-in plugins that a route may have. A new plugin needs one line here. */
import * as auth from "../auth";
import * as bandwidth from "../bandwidth";
import * as body_digest from "../body_digest";
import * as cache from "../cache";
import * as caller_class from "../caller_class";
import * as checks from "../checks";
import * as deadline from "../deadline";
import * as edge from "../edge";
import * as identity from "../identity";
import * as image from "../image";
import * as inference from "../inference";
import * as limit from "../limit";
import type { AnyDeclaration } from "./contract";

/** In the order of the documentation. */
export const PLUGINS: readonly AnyDeclaration[] = [
    edge.plugin,
    deadline.plugin,
    auth.plugin,
    caller_class.plugin,
    limit.plugin,
    bandwidth.plugin,
    identity.plugin,
    checks.plugin,
    image.plugin,
    body_digest.plugin,
    cache.plugin,
    inference.plugin,
];
