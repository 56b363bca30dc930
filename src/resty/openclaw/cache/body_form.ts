/** What makes two bodies the same, and what of their Content-Type belongs to that. */
import type { Digest } from "../core/bytes/digest";
import * as digests from "../core/bytes/digest";
import * as media_types from "../core/http/media_type";
import * as multipart from "../core/http/multipart";
import type { Outcome } from "../core/request/body_key";
import * as body_key from "../core/request/body_key";
import type { Body } from "../core/request/request_body";
import type { Settings } from "../core/text/json/canonical";
import * as canonical from "../core/text/json/canonical";
import * as texts from "../core/text/text";
import type { Form } from "./settings";

export interface BodyForm {
    readonly form: Form;
    readonly digest: Digest;
    readonly json: Settings;
    /** The last Content-Type, and what it says: most requests of a route have the same one. */
    last: string;
    last_type: string;
}

/** The member of JSON that says which model is to answer. */
const MODEL = "model";
const JSON_TYPE = "application/json";
const FORM_DATA = "multipart/form-data";
/** How keys of bytes begin. */
const RAW = "raw-";

/** Bodies of that form. `ignored`: members of JSON that make no difference. Raises if OpenSSL has no SHA-256. Phases: init. */
function create(form: Form, ignored: readonly string[], most_json_bytes: number): BodyForm {
    // Two models share answers if the model is ignored: it says nothing of an answer then.
    let model: string | undefined = MODEL;
    for (const name of ignored) if (name === MODEL) model = undefined;
    const json = canonical.settings(most_json_bytes, ignored, model);
    return { form, digest: digests.new("sha256"), json, last: "", last_type: "" };
}
export { create as new };

/**
 * What a body of that type is read as. Bytes, where the type is another one than the form's: to its reader the order of members may matter.
 * So are encoded bodies, which are not what they seem to be.
 */
function kind_of(form: Form, its_type: string, encoding: string | undefined): body_key.Kind {
    if (encoding !== undefined && encoding !== "") return "raw";
    if (form === "json" && !media_types.is_json(its_type)) return "raw";
    return form === "multipart" && its_type !== FORM_DATA ? "raw" : form;
}

/** JSON is in UTF-8 (RFC 8259, section 8.1), so this says nothing new. Of other parameters some readers make something. */
function is_without_meaning(rest: string): boolean {
    if (rest === "") return true;
    const [found] = string.find(string.lower(rest), '^[ \t]*;[ \t]*charset="?utf%-8"?$');
    return found !== undefined;
}

/**
 * The part of the Content-Type that belongs to a key of `key_of`: forms have boundaries that their clients make up, and `charset=utf-8` has
 * no meaning for JSON. All of it where the body is taken as bytes. Phases: any.
 */
export function type_of(key: string, content_type: string | undefined): string | undefined {
    if (content_type === undefined || string.sub(key, 1, RAW.length) === RAW) return content_type;
    // It has nothing but the type.
    if (content_type === JSON_TYPE) return JSON_TYPE;
    const its_type = media_types.of(texts.trim(content_type));
    if (its_type === FORM_DATA) {
        const charset = multipart.charset_of(content_type);
        return charset === undefined ? its_type : `${its_type}; charset=${charset}`;
    }
    const [rest] = string.match(content_type, "^[ \t]*[^; \t]*(.*)$");
    return is_without_meaning(rest!) ? its_type : content_type;
}

/** The media type in a Content-Type. */
function media_type(of: BodyForm, content_type: string): string {
    if (content_type !== of.last) {
        of.last = content_type;
        of.last_type = media_types.of(texts.trim(content_type));
    }
    return of.last_type;
}

/**
 * The key of a body with that Content-Type and Content-Encoding; what is no JSON is taken as bytes. After the key the model that JSON names,
 * if it is known. Phases: access; yields.
 */
export function key_of(
    of: BodyForm,
    body: Body,
    content_type: string | undefined,
    encoding: string | undefined,
): LuaMultiReturn<Outcome> {
    const kind = of.form === "raw" ? "raw" : kind_of(of.form, media_type(of, content_type ?? ""), encoding);
    const [outcome, detail, model] = body_key.of(body, kind, of.digest, of.json, content_type);
    if (outcome === "not_json") return body_key.of(body, "raw", of.digest, of.json, content_type);
    return $multi(outcome, detail, model) as unknown as LuaMultiReturn<Outcome>;
}
