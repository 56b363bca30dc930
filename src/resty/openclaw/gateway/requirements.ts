/**
 * What a route needs in nginx.conf beside `setup`: the hooks of its plugins' phases, and the variables that they set. Only
 * requests show whether these exist, so each worker checks the first requests of each route until it has seen all.
 */
import type { Faults } from "../core/metrics/fault";
import * as declared_variable from "../core/request/declared_variable";
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import * as upstream_tries from "../core/request/upstream_tries";
import type { AnyDeclaration, Reading } from "./contract";

export interface Requirements {
    readonly route: string;
    /** The names of the variables, sorted. */
    readonly variables: readonly string[];
    /** The variables that its options name. */
    readonly readings: readonly Reading[];
    /** Whether they have not been checked yet. */
    awaits_variables: boolean;
    /** Whether these hooks are needed and have not run yet in this worker. */
    awaits_access: boolean;
    awaits_header_filter: boolean;
    awaits_body_filter: boolean;
    /** The file that has the latter. */
    readonly body_filter_file: string | undefined;
}

/**
 * The requirements of a route with these plugins and with steps in these phases; `body_filter_file`: the file with the hook of that phase,
 * if it needs one; `readings`: the variables that its options name. Phases: init.
 */
function create(
    route: string,
    declarations: readonly AnyDeclaration[],
    needs_access: boolean,
    needs_header_filter: boolean,
    body_filter_file: string | undefined,
    readings: readonly Reading[],
): Requirements {
    const variables: string[] = [];
    for (const declaration of declarations) {
        for (const [name] of pairs(declaration.variables)) variables.push(name);
    }
    table.sort(variables);
    return {
        route,
        variables,
        readings,
        awaits_variables: variables.length + readings.length > 0,
        awaits_access: needs_access,
        awaits_header_filter: needs_header_filter,
        awaits_body_filter: body_filter_file !== undefined,
        body_filter_file,
    };
}
export { create as new };

/** Reports options that name variables which do not exist. */
function look_at_readings(of: Requirements, faults: Faults): void {
    for (const { option, variable } of of.readings) {
        if (!declared_variable.exists(variable)) {
            faults.report_each(
                "unknown_variable",
                `the option ${option} of the route "${of.route}" is "$${variable}", which nginx.conf does not define, so it is ` +
                    "always empty: define it by a map or set, or correct the name",
            );
        }
    }
}

/**
 * Reports variables that nginx.conf does not declare, or that cannot be set as no directive uses them, and options that name variables which
 * do not exist. Phases: access.
 */
export function look_at_variables(of: Requirements, faults: Faults): void {
    of.awaits_variables = false;
    look_at_readings(of, faults);
    const missing: string[] = [];
    const unused: string[] = [];
    for (const name of of.variables) {
        const value = request.variable(name);
        if (!request.set_variable(name, value ?? "")) (value === undefined ? missing : unused).push(`$${name}`);
    }
    if (missing.length > 0) {
        faults.report(
            "undeclared_variable",
            `the route "${of.route}" needs ${table.concat(missing, ", ")}: include nginx/openclaw.conf in http; declare ` +
                'variables of your own plugins by set $NAME ""; in the server',
        );
    }
    if (unused.length > 0) {
        faults.report(
            "unused_variable",
            `the route "${of.route}" sets ${table.concat(unused, ", ")}, which no directive uses, so nginx cannot set it: ` +
                'declare it by set $NAME ""; in the server',
        );
    }
}

/** Whether the response is a node's, and passed all filters of the route's location to its end. */
function has_passed_filters(): boolean {
    if (request.whole_number("body_bytes_sent") === 0) return false;
    // The node may have led nginx to another location.
    if (request.variable("upstream_http_x_accel_redirect") !== undefined) return false;
    const status = request.status();
    if (status < 200 || status > 299) return false;
    return tonumber(upstream_tries.last(request.variable("upstream_status") ?? "-")) === status;
}

function report_hook(of: Requirements, faults: Faults, hook: string, file: string, effect = ""): void {
    const passed = hook === "access" ? "request" : "response";
    faults.report(
        `no_${hook}`,
        `a ${passed} of the route "${of.route}" did not pass ${hook}_by_lua${effect}: include nginx/${file} in its location`,
    );
}

/** Reports hooks that did not run for a response. Phases: log. */
export function look_at_hooks(of: Requirements, faults: Faults): void {
    if (!has_passed_filters()) return;
    if (of.awaits_access)
        report_hook(of, faults, "access", "route.conf", ", so that its plugins, such as limits, had no effect");
    if (of.awaits_header_filter) report_hook(of, faults, "header_filter", "route.conf");
    if (of.awaits_body_filter) report_hook(of, faults, "body_filter", of.body_filter_file!);
}

/** Reports from now on requests that end without the gateway's log phase. Phases: init. */
export function watch_log(faults: Faults): void {
    request_state.when_lost(() => {
        faults.report(
            "no_log",
            "a request ended without log_by_lua of the gateway: include nginx/openclaw.conf in http, and call " +
                'require("resty.openclaw").log() where a location has a log_by_lua of its own',
        );
    });
}
