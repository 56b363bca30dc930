/**
 * Whole answers in shared memory, for what nginx's cache cannot keep: answers that must be read to their end before anybody knows that they
 * may be kept. An answer has a name, and under it a head and a body.
 */
import type { AnswerHead } from "./answer_head";
import * as heads from "./answer_head";
import * as rooms from "./room";

function head_key(name: string): string {
    return `${name} head`;
}

function body_key(name: string): string {
    return `${name} body`;
}

/**
 * Keeps an answer under that name for so many seconds. Others that were not used for longest make room. False if there is
 * none all the same. Phases: any.
 */
export function keep(dict: ngx.SharedDict, name: string, head: string, body: string, seconds: number): boolean {
    if (!rooms.set(dict, body_key(name), body, seconds)) return false;
    return rooms.set(dict, head_key(name), head, seconds);
}

/** The head of the answer of that name; nothing if it is gone. Phases: any. */
export function head_of(dict: ngx.SharedDict, name: string): AnswerHead | undefined {
    const [text] = dict.get<string>(head_key(name));
    return text === undefined ? undefined : heads.read(text);
}

/** The body of the answer of that name; nothing if it is gone. Phases: any. */
export function body_of(dict: ngx.SharedDict, name: string): string | undefined {
    const [body] = dict.get<string>(body_key(name));
    return body;
}

/** Keeps the head alone, of an answer that is coming. Phases: any. */
export function keep_head(dict: ngx.SharedDict, name: string, head: string, seconds: number): boolean {
    return rooms.set(dict, head_key(name), head, seconds);
}
