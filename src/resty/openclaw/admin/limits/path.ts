/** What the path of a request names: the limits of all routes, or of one, a limit, a class of it, or the changes of one of these. */
export type Kind = "all" | "route" | "limit" | "class" | "changes";

export interface Target {
    readonly kind: Kind;
    /** "" where the path names none. */
    readonly route: string;
    readonly limit: string;
    /** Nothing for the callers that have no class of their own. */
    readonly its_class: string | undefined;
}

/** What the segments of a path name; nothing for an unknown path. Phases: any. */
export function read(parts: readonly string[]): Target | undefined {
    const [route = "", limit = "", part, name] = parts;
    const count = parts.length;
    // No limit has such a name.
    if (limit === "changes") return undefined;
    if (count === 0) return { kind: "all", route, limit, its_class: undefined };
    if (count === 1) return { kind: "route", route, limit, its_class: undefined };
    if (count === 2) return { kind: "limit", route, limit, its_class: undefined };
    if (count === 3 && part === "changes") return { kind: "changes", route, limit, its_class: undefined };
    if (part !== "classes") return undefined;
    if (count === 4) return { kind: "class", route, limit, its_class: name };
    return count === 5 && parts[4] === "changes" ? { kind: "changes", route, limit, its_class: name } : undefined;
}
