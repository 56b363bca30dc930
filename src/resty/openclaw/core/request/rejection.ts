/** Why a plugin rejects the request at hand, for logs: `auth/expired`, `limit/client`, `checks/json_too_deep`. */
import * as request from "./request";

/** The variable, which every plugin that notes a reason declares. */
export const VARIABLE = "openclaw_rejection";

/** Sets it. Phases: rewrite, access, content. */
export function note(plugin: string, reason: string): void {
    request.set_variable(VARIABLE, `${plugin}/${reason}`);
}
