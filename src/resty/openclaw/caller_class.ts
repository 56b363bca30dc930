/** Sets the caller's class, `$openclaw_class`, from a variable of nginx.conf. See docs/caller_class.md. */
import * as kinds from "./config/kinds";
import * as request from "./core/request/request";
import * as texts from "./core/text/text";
import * as contract from "./gateway/contract";

export interface CallerClass {
    /** The name of the variable. */
    readonly variable: string;
    /** Sets the class. Phases: access. Never raises. */
    access(): void;
}

const CLASS = "openclaw_class";
const STANDARD = "standard";

/** What variables begin with whose value a client chooses. */
const OF_CLIENTS = [
    "http_",
    "arg_",
    "cookie_",
    "sent_http_",
    "request_",
    "args",
    "query_string",
    "uri",
    "document_uri",
];

function is_of_clients(name: string): boolean {
    for (const beginning of OF_CLIENTS) {
        if (string.sub(name, 1, beginning.length) === beginning) return true;
    }
    return false;
}

const KIND = kinds.of<string>(
    "variable name with `$`",
    'a variable of nginx.conf such as "$my_class", and none that a client chooses, such as $http_…, $arg_… or $cookie_…',
    (given) => {
        if (typeof given !== "string") return false;
        const [name] = string.match(given, "^%$([%w_]+)$");
        return name !== undefined && !is_of_clients(string.lower(name));
    },
);

function access(this: CallerClass): void {
    const text = request.variable(this.variable) ?? "";
    if (text === "") return;
    request.set_variable(CLASS, texts.is_name(text) ? text : STANDARD);
}

const metatable = { __index: { access } };

function create(option: string): CallerClass {
    return setmetatable({ variable: string.sub(option, 2) }, metatable);
}

const declaration = {
    name: "class",
    meaning: "the variable with [the caller's class](caller_class.md), such as `$my_class`",
    // After `auth`, so that a map may use what it sets; before all that look at the class.
    order: { access: 260 },
    kind: KIND,
    readings: (option: string) => [{ option: "class", variable: string.sub(option, 2) }],
    variables: { [CLASS]: STANDARD },
    create,
};

export const plugin = contract.define_kind(declaration);
