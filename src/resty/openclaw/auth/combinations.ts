/** Options of `auth` that are valid alone but not together. Phases: init. */
import * as problem from "../config/problems";

interface JwtOptions {
    readonly from: readonly string[];
    readonly headers?: LuaTable<string, string> | undefined;
}

interface ApiKeyOptions {
    readonly from: readonly string[];
    readonly header: string;
}

/** Raises where a cookie or an argument is for both: one of the methods would refuse the credentials of the other. */
function check_places(path: string, jwt: JwtOptions, api_key: ApiKeyOptions): void {
    const of_tokens = new LuaSet<string>();
    for (const entry of jwt.from) of_tokens.add(string.lower(entry));
    const its_path = problem.child(problem.child(path, "api_key"), "from");
    for (const entry of api_key.from) {
        if (entry !== "header" && of_tokens.has(string.lower(entry))) {
            problem.refuse(its_path, "a list of places that jwt.from does not have", entry);
        }
    }
}

/** Raises where two claims go to one header, or one goes to that with the API key. */
function check_headers(path: string, jwt: JwtOptions, api_key: ApiKeyOptions | undefined): void {
    const claims: string[] = [];
    if (jwt.headers === undefined) return;
    for (const [claim] of jwt.headers) claims.push(claim);
    table.sort(claims);
    const taken = new LuaSet<string>();
    if (api_key !== undefined) taken.add(string.lower(api_key.header));
    const its_path = problem.child(problem.child(path, "jwt"), "headers");
    for (const claim of claims) {
        const name = jwt.headers.get(claim);
        if (taken.has(string.lower(name))) {
            const expected = "a header that neither another claim nor the API key has";
            problem.refuse(problem.child(its_path, claim), expected, name);
        }
        taken.add(string.lower(name));
    }
}

/** Raises where options do not go together. */
export function check(path: string, jwt: JwtOptions | undefined, api_key: ApiKeyOptions | undefined): void {
    if (jwt === undefined) return;
    check_headers(path, jwt, api_key);
    if (api_key !== undefined) check_places(path, jwt, api_key);
}
