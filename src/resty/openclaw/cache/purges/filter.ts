/** Which answers a purge is about, and how the file of purges writes that. Pure Lua: also runs in a thread of nginx. */

/** Answers that are alike in all that is given; without anything, all answers. `key`: one answer, and nothing else is given. */
export interface Filter {
    readonly route: string | undefined;
    readonly tenant: string | undefined;
    readonly model: string | undefined;
    readonly key: string | undefined;
}

/** Of a route, a tenant and a model. */
export const MOST_BYTES = 256;
/** The text of the filter that all answers pass. */
export const ALL = "all";

const KEY_BYTES = 64;
const EVERYTHING: Filter = { route: undefined, tenant: undefined, model: undefined, key: undefined };

function escape_byte(this: void, byte: string): string {
    return string.format("%%%02x", string.byte(byte));
}

function part(name: string, value: string | undefined): string {
    if (value === undefined) return "";
    return `&${name}=${string.gsub(value, "[^%w._~-]", escape_byte)[0]}`;
}

/** The filter in one line without blanks, the same for two filters that are the same. Phases: any. */
export function text(filter: Filter): string {
    const { route, tenant, model, key } = filter;
    const all = part("route", route) + part("tenant", tenant) + part("model", model) + part("key", key);
    return all === "" ? ALL : string.sub(all, 2);
}

/** Whether a text may be the key of an answer. Phases: any. */
export function is_key(given: string): boolean {
    const [legal] = string.find(given, "^[%da-f]+$");
    return legal !== undefined && given.length === KEY_BYTES;
}

/** Whether a route, tenant or model may have that name. Phases: any. */
export function is_name(given: string): boolean {
    return given !== "" && given.length <= MOST_BYTES;
}

function read_byte(this: void, digits: string): string {
    return string.char(tonumber(digits, 16)!);
}

function value_in(line: string, name: string): string | undefined {
    const [, before] = string.find(line, `&${name}=`, 1, true);
    if (before === undefined) return undefined;
    const [escaped] = string.match(line, "^[^&]*", before + 1);
    return string.gsub(escaped!, "%%(%x%x)", read_byte)[0];
}

function is_legal({ route, tenant, model, key }: Filter): boolean {
    for (const name of [route ?? "-", tenant ?? "-", model ?? "-"]) if (!is_name(name)) return false;
    return key === undefined || is_key(key);
}

/** What `text` has written; nothing of any other text. Phases: any. */
export function read(line: string): Filter | undefined {
    if (line === ALL) return EVERYTHING;
    const whole = `&${line}`;
    const filter = {
        route: value_in(whole, "route"),
        tenant: value_in(whole, "tenant"),
        model: value_in(whole, "model"),
        key: value_in(whole, "key"),
    };
    return is_legal(filter) && text(filter) === line ? filter : undefined;
}
