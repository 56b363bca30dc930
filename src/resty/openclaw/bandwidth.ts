/** Limits how fast a response is sent, by the caller's class: sets nginx's `$limit_rate`. See docs/bandwidth.md. */
import * as kinds from "./config/kinds";
import * as classes from "./core/request/classes";
import * as request from "./core/request/request";
import * as contract from "./gateway/contract";

export interface Bandwidth {
    /** Bytes per second as text, by class. */
    readonly rates: LuaTable<string, string>;
    /** Sets the rate of the response. Phases: access. Never raises. */
    access(): void;
}

const NAME = "bandwidth";
const CLASS = "openclaw_class";
const LIMIT_RATE = "limit_rate";

/** A size as in nginx.conf. */
const SIZE = kinds.of<string>("size", 'bytes per second as nginx writes sizes, such as "128k" or "1m"', (given) => {
    if (typeof given !== "string") return false;
    const [digits] = string.match(given, "^([1-9]%d*)[kKmM]?$");
    return digits !== undefined && digits.length <= 9;
});

function access(this: Bandwidth): void {
    const rate = this.rates.get(request.variable(CLASS) ?? "") as string | undefined;
    if (rate !== undefined) request.set_variable(LIMIT_RATE, rate);
}

const metatable = { __index: { access } };

function create(rates: LuaTable<string, string>): Bandwidth {
    return setmetatable({ rates }, metatable);
}

const declaration = {
    name: NAME,
    meaning: '[limits](bandwidth.md) how fast responses are sent, by class, such as `{ standard = "128k" }`',
    // After `auth` and `class`.
    order: { access: 280 },
    kind: classes.map_of_classes(SIZE, '{ standard = "128k" }'),
    create,
};

export const plugin = contract.define_kind(declaration);

/** The plugin alone, from the table of rates in docs/bandwidth.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Bandwidth {
    return contract.alone_kind(declaration, options);
}
export { alone as new };
