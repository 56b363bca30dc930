/**
 * Authenticates callers by JSON Web Tokens and API keys. Sets `$openclaw_identity`, `$openclaw_tenant`, `$openclaw_class` and
 * `$openclaw_auth_method`. See docs/auth.md.
 */
import type { Challenge } from "./auth/answers";
import * as answers from "./auth/answers";
import type { Figures, MethodName } from "./auth/figures";
import * as figures_of from "./auth/figures";
import * as header_names from "./auth/header_names";
import type { Caller, Reason } from "./auth/model";
import type { Options, Way } from "./auth/settings";
import * as settings from "./auth/settings";
import * as straight_loop from "./core/code/straight_loop";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import * as metric_registry from "./core/metrics/metric_registry";
import * as rejections from "./core/request/rejection";
import * as request from "./core/request/request";
import type { RequestState } from "./core/request/request_state";
import * as request_state from "./core/request/request_state";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";

declare module "./core/request/request_state" {
    interface RequestState {
        /** What has let the request pass, so that an internal redirect does not ask for credentials again. */
        authenticated_by?: Auth | undefined;
        /** The route for which it has. */
        authenticated_for?: string | undefined;
    }
}

export interface Auth {
    readonly ways: readonly Way[];
    readonly jwt: Way | undefined;
    readonly api_key: Way | undefined;
    readonly options: Options;
    /** Headers for nodes, which clients must not set. */
    readonly headers: readonly header_names.Header[];
    readonly figures: Figures;
    readonly faults: Faults;
    /** Authenticates the caller, or refuses the request. Phases: access; may yield. Never raises. */
    access(route?: string): void;
    /** Whether the request was let pass: no node gets one without. Phases: balancer. Never raises. */
    before_balance(route: string): boolean;
    init_worker(): void;
    exit_worker(): void;
    status(): object;
}

const IDENTITY = "openclaw_identity";
const TENANT = "openclaw_tenant";
const CLASS = "openclaw_class";
const METHOD = "openclaw_auth_method";
const STANDARD = "standard";

function counter(auth: Auth, method: MethodName, result: figures_of.Result): Counter {
    return auth.figures.results.get(method).get(result);
}

function refuse(auth: Auth, method: MethodName, challenge: Challenge, reason: Reason): never {
    counter(auth, method, reason).inc();
    rejections.note(settings.NAME, reason);
    return answers.refuse(challenge, reason);
}

/** The credential of a way; nothing where the request has none. Refuses the request if there are several that differ. */
function find_credential(auth: Auth, way: Way): string | undefined {
    const [credential, differ] = auth.options.forward ? way.place.find() : way.place.take();
    if (differ === true) refuse(auth, way.method.name, way.challenge, "conflict");
    return credential;
}

/** Whose credential it is. Refuses the request if it is not valid. */
function authenticate(auth: Auth, way: Way, credential: string, route: string): Caller {
    const { name } = way.method;
    const [caller, reason] = way.method.check(credential, request.now());
    if (caller === undefined) return refuse(auth, name, way.challenge, reason);
    if (caller.routes !== undefined && !caller.routes.has(route)) return refuse(auth, name, way.challenge, "route");
    counter(auth, name, "ok").inc();
    return caller;
}

/** Refuses a request that has one of two credentials where both are needed. */
function require_both(auth: Auth, token: string | undefined, key: string | undefined): void {
    const { jwt, api_key } = auth;
    if (!auth.options.all || jwt === undefined || api_key === undefined) return;
    if (token === undefined) refuse(auth, jwt.method.name, jwt.challenge, "missing");
    if (key === undefined) refuse(auth, api_key.method.name, api_key.challenge, "missing");
}

/** Who sends the request; nothing where it has no credentials. Refuses it if one of them is not valid. */
function find_caller(auth: Auth, route: string): LuaMultiReturn<[caller?: Caller | undefined, method?: MethodName]> {
    const { jwt, api_key } = auth;
    const token = jwt === undefined ? undefined : find_credential(auth, jwt);
    const key = api_key === undefined ? undefined : find_credential(auth, api_key);
    if (token === undefined && key === undefined) return $multi();
    require_both(auth, token, key);
    const by_token = token === undefined ? undefined : authenticate(auth, jwt!, token, route);
    const by_key = key === undefined ? undefined : authenticate(auth, api_key!, key, route);
    // Of two credentials the token says who asks.
    if (by_token !== undefined) return $multi(by_token, "jwt");
    return $multi(by_key, "api_key");
}

function set_header(this: void, header: readonly [name: string, value: string]): void {
    ngx.req.set_header(header[0], header[1]);
}

const set_headers = straight_loop.over(set_header);
const drop_headers = straight_loop.over(header_names.clear);

/** Tells the rest of the gateway, and nodes, who asks. */
function tell(auth: Auth, state: RequestState, caller: Caller, method: MethodName): void {
    state.rate_of_key = caller.rate;
    if (!request.set_variable(IDENTITY, caller.identity)) {
        const remedy =
            'add `map "" $openclaw_identity { default ""; }` to http in nginx.conf, and use it in a directive';
        auth.faults.report("undeclared_variable", remedy);
    }
    request.set_variable(METHOD, method);
    if (caller.tenant !== "") request.set_variable(TENANT, caller.tenant);
    if (caller.class !== STANDARD) request.set_variable(CLASS, caller.class);
    const { headers } = caller;
    if (headers !== undefined) set_headers(headers, headers.length, undefined, undefined, undefined);
}

/** Takes back what another one has told, before an internal redirect. */
function forget(earlier: Auth, state: RequestState): void {
    state.authenticated_by = undefined;
    state.rate_of_key = undefined;
    for (const name of [IDENTITY, METHOD, TENANT]) request.set_variable(name, "");
    request.set_variable(CLASS, STANDARD);
    drop_headers(earlier.headers, earlier.headers.length, undefined, undefined, undefined);
}

/** Notes that the request was let pass. */
function pass(auth: Auth, state: RequestState, route: string): void {
    state.authenticated_by = auth;
    state.authenticated_for = route;
}

/** Lets a request without credentials pass, or refuses it. */
function pass_anonymous(auth: Auth): void {
    const way = auth.jwt ?? auth.api_key!;
    if (!auth.options.optional) refuse(auth, "none", way.challenge, "missing");
    counter(auth, "none", "anonymous").inc();
}

/**
 * Whether this has authenticated the request before, so that it is here after an internal redirect. Without the gateway's hooks the
 * state may be one that an earlier request has left at the same place in memory; nginx's variables begin anew with each request.
 */
function has_authenticated(auth: Auth, state: RequestState, route: string): boolean {
    if (state.authenticated_by !== auth || state.authenticated_for !== route) return false;
    return (request.variable(IDENTITY) ?? "") !== "";
}

function access(this: Auth, route = ""): void {
    const state = request_state.open();
    if (has_authenticated(this, state, route)) return;
    // A stored request was authenticated before it was stored, for this route.
    if (state.is_delivery === true && state.delivery_of === route) return pass(this, state, route);
    if (state.authenticated_by !== undefined) forget(state.authenticated_by, state);
    drop_headers(this.headers, this.headers.length, undefined, undefined, undefined);
    const [caller, method] = find_caller(this, route);
    if (caller === undefined) pass_anonymous(this);
    else {
        tell(this, state, caller, method!);
        figures_of.count_tenant(this.figures, caller.tenant);
    }
    pass(this, state, route);
}

function before_balance(this: Auth, route: string): boolean {
    // Subrequests have no access phase: updates of the cache, mirrors.
    if (request.is_subrequest()) return true;
    const state = request_state.present();
    if (state !== undefined && state.authenticated_by === this) return true;
    const remedy = "its location has no access hook; include route.conf there";
    this.faults.report("no_access", 'requests of the route "', route, '" are refused: ', remedy);
    return false;
}

function init_worker(this: Auth): void {
    for (const { method } of this.ways) if (method.init_worker !== undefined) method.init_worker();
}

function exit_worker(this: Auth): void {
    for (const { method } of this.ways) if (method.exit_worker !== undefined) method.exit_worker();
}

function status(this: Auth): object {
    const document: Record<string, object> = {};
    for (const { method } of this.ways) {
        if (method.status !== undefined) document[method.name] = method.status();
    }
    return document;
}

const metatable = { __index: { access, before_balance, init_worker, exit_worker, status } };

/** Headers that tokens give to nodes. */
function headers_of({ jwt }: Options): header_names.Header[] {
    const found: header_names.Header[] = [];
    if (jwt === undefined || jwt.headers === undefined) return found;
    for (const [, name] of jwt.headers) found.push(header_names.of(name));
    return found;
}

function create(options: Options, { path, route }: Context): Auth {
    const registry = metric_registry.open(options.dict);
    let jwt: Way | undefined;
    let api_key: Way | undefined;
    const names: MethodName[] = [];
    const ways = settings.ways(options, path, route, registry);
    for (const way of ways) {
        names.push(way.method.name);
        if (way.method.name === "jwt") jwt = way;
        else api_key = way;
    }
    const figures = figures_of.of(registry, route, names, options.counted_tenants);
    const faults = fault.new(settings.NAME, registry);
    return setmetatable({ ways, jwt, api_key, options, headers: headers_of(options), figures, faults }, metatable);
}

const declaration = {
    name: settings.NAME,
    meaning: "[accepts requests with a valid token or API key](auth.md) only",
    // After `edge`, whose deliveries were authenticated before; before `identity`, which may sign what this plugin finds.
    order: { access: 250, before_balance: 50 },
    schema: settings.SCHEMA,
    variables: { [IDENTITY]: "", [TENANT]: "", [CLASS]: STANDARD, [METHOD]: "", [rejections.VARIABLE]: "" },
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/auth.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Auth {
    return contract.alone(declaration, options);
}
export { alone as new };
