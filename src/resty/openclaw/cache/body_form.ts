/** What makes two bodies the same, and what of their Content-Type belongs to that. */
import type { Digest } from "../core/bytes/digest";
import * as digests from "../core/bytes/digest";
import type { Outcome } from "../core/request/body_key";
import * as body_key from "../core/request/body_key";
import type { Body } from "../core/request/request_body";
import type { Settings } from "../core/text/json/canonical";
import * as canonical from "../core/text/json/canonical";
import type { Form } from "./settings";

export interface BodyForm {
    readonly form: Form;
    readonly digest: Digest;
    readonly json: Settings;
}

const FORM_DATA = "multipart/form-data";

/** Bodies of that form. `ignored`: members of JSON that make no difference. Raises if OpenSSL has no SHA-256. Phases: init. */
function create(form: Form, ignored: readonly string[], most_json_bytes: number): BodyForm {
    return { form, digest: digests.new("sha256"), json: canonical.settings(most_json_bytes, ignored) };
}
export { create as new };

/** "application/json" of "Application/JSON; charset=utf-8". */
function media_type(content_type: string): string {
    const [name] = string.match(content_type, "^[ \t]*([^; \t]*)");
    return string.lower(name!);
}

function is_json(its_type: string): boolean {
    return its_type === "application/json" || string.sub(its_type, -5) === "+json";
}

/** What a body of that type is read as. */
function kind_of(form: Form, its_type: string): body_key.Kind {
    return form === "multipart" && its_type !== FORM_DATA ? "raw" : form;
}

/**
 * The part of the Content-Type that belongs to the key: forms have boundaries that their clients make up, and parameters have no meaning
 * for JSON (RFC 8259, section 11). Phases: any.
 */
export function type_of({ form }: BodyForm, content_type: string | undefined): string | undefined {
    if (content_type === undefined || form === "raw") return content_type;
    const its_type = media_type(content_type);
    const is_plain = form === "json" ? is_json(its_type) : its_type === FORM_DATA;
    return is_plain ? its_type : content_type;
}

/** The key of a body; what is no JSON is taken as bytes. Phases: access; yields. */
export function key_of(of: BodyForm, body: Body, content_type: string | undefined): LuaMultiReturn<Outcome> {
    const kind = kind_of(of.form, media_type(content_type ?? ""));
    const [outcome, detail] = body_key.of(body, kind, of.digest, of.json, content_type);
    if (outcome === "not_json") return body_key.of(body, "raw", of.digest, of.json, content_type);
    return $multi(outcome, detail) as unknown as LuaMultiReturn<Outcome>;
}
