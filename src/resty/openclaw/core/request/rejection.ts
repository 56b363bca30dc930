/** Why a plugin rejects the request at hand, for logs: `auth/expired`, `limit/client`, `checks/json_too_deep`. */
import * as request from "./request";
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether a limit or a waiting room has refused it. */
        is_refused?: boolean | undefined;
    }
}

/** The variable, which every plugin that notes a reason declares. */
export const VARIABLE = "openclaw_rejection";

/** Sets it. Phases: rewrite, access, content. */
export function note(plugin: string, reason: string): void {
    request.set_variable(VARIABLE, `${plugin}/${reason}`);
}

/**
 * The same for a request that a limit or a waiting room refuses: its status says nothing about nodes, so the metrics count it apart.
 * Phases: rewrite, access, content.
 */
export function note_refusal(plugin: string, reason: string): void {
    note(plugin, reason);
    request_state.open().is_refused = true;
}

/** Whether the request was refused so; forgets it, as nobody else does where plugins stand alone. Phases: log. */
export function take_refusal(): boolean {
    const state = request_state.present();
    if (state === undefined || state.is_refused !== true) return false;
    state.is_refused = undefined;
    return true;
}
