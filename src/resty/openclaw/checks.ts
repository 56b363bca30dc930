/**
 * Rejects requests before they reach a node: by their method, by the length and the type of their body, by what the JSON in it
 * looks like, and by the size of the image in it. What is known without the body is checked before it is read.
 */
import * as contents from "./checks/contents";
import * as json from "./checks/json";
import type { Counters, Verdict } from "./checks/refusals";
import * as refusals from "./checks/refusals";
import type { Settings } from "./checks/settings";
import * as settings from "./checks/settings";
import type { Values } from "./config/schema";
import * as methods from "./core/http/method";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as metric_registry from "./core/metrics/metric_registry";
import * as rejections from "./core/request/rejection";
import * as request from "./core/request/request";
import * as request_body from "./core/request/request_body";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";

export interface Checks {
    readonly settings: Settings;
    readonly counters: Counters;
    readonly faults: Faults;
    /** Refuses a request that fails a check. Phases: access; yields. Never raises, but ends the request it refuses. */
    access(): void;
}

const NAME = "checks";

function check_length(of: Settings, bytes: number): Verdict {
    const { max_body_bytes } = of;
    if (max_body_bytes !== undefined && bytes > max_body_bytes)
        return $multi("body_too_large", `The request body may have at most ${max_body_bytes} bytes.`);
    if (of.is_only_json) return json.check_length(of.json, bytes);
    return $multi(undefined);
}

/** What the header of the request tells: its method, and the length that it announces. */
function check_header(of: Settings, method: string): Verdict {
    if (of.methods !== undefined && !of.methods.has(method)) {
        ngx.header.Allow = of.allow;
        return $multi("method_not_allowed", `The method must be one of these: ${of.allow}.`);
    }
    return check_length(of, request.whole_number("content_length"));
}

/** Whether there may be a body whose length the header does not tell: one in chunks, or one over HTTP/2 or 3. */
function is_open_ended(): boolean {
    if (request.variable("content_length") !== undefined) return false;
    if (request.variable("http_transfer_encoding") !== undefined) return true;
    return string.sub(request.variable("server_protocol") ?? "", 1, 7) !== "HTTP/1.";
}

/** Whether the body has to be read. */
function needs_body(of: Settings, method: string): boolean {
    if (is_open_ended()) return of.types !== undefined || of.max_body_bytes !== undefined;
    if (of.types === undefined) return false;
    return !methods.may_be_empty(method) || request.whole_number("content_length") > 0;
}

/** Checks the body. Where it cannot be read, the reason is `unreadable`, and the message why. */
function check_body(of: Settings, method: string): Verdict {
    const [body, err] = request_body.read();
    if (body === undefined) return $multi("unreadable", err);
    const [reason, message] = check_length(of, body.bytes);
    if (reason !== undefined) return $multi(reason, message);
    if (of.types === undefined) return $multi(undefined);
    if (body.bytes > 0) return contents.check(of, of.types, body);
    if (methods.may_be_empty(method)) return $multi(undefined);
    return $multi("empty_body", "The request has no body.");
}

function access(this: Checks): void {
    const method = request.variable("request_method") ?? "";
    let [reason, message] = check_header(this.settings, method);
    if (reason === undefined) {
        if (!needs_body(this.settings, method)) return;
        [reason, message] = check_body(this.settings, method);
        if (reason === undefined) return;
    }
    if (reason === "unreadable") {
        this.faults.report("unreadable_body", message);
        message = "The gateway could not read the request body.";
    }
    refusals.refuse(this.counters, reason, message!);
}

const metatable = { __index: { access } };

function create(options: Values<typeof settings.SCHEMA>, { path, route }: Context): Checks {
    const registry = metric_registry.open(options.dict);
    const fields = {
        settings: settings.of(options, path),
        counters: refusals.counters(registry, route),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: NAME,
    meaning: "[checks requests](checks.md): methods, length and type of the body, JSON, the size of images",
    order: { access: 400 },
    schema: settings.SCHEMA,
    variables: { [rejections.VARIABLE]: "" },
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/checks.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Checks {
    return contract.alone(declaration, options);
}
export { alone as new };
