/**
 * Finds the images in JSON: the member of the top-level object that the route names, and those of chats. In `messages[*].content[*]` (OpenAI's
 * Chat Completions, Anthropic's Messages) and `input[*].content[*]` (OpenAI's Responses) a part has an image if it has a member
 * `image_url`, or a `source` with an image's type, whatever its own `type` says: some servers go by that. Ollama has lists: `images` and
 * `messages[*].images`.
 */
import * as image_text from "./image_text";
import * as json_body from "./json_body";
import type { Cursor } from "./json_ranges";
import * as json_ranges from "./json_ranges";
import * as json_text from "./json_text";
import type { Edit, Reading } from "./model";
import type { OwnMember } from "./names";
import { OWN_MEMBERS } from "./names";
import * as other_fields from "./other_fields";
import * as problems from "./problems";
import * as readings from "./readings";

/** Longer names are none that are wanted here, whatever their escapes are. */
const MOST_NAME_BYTES = 1024;
const IMAGE_TYPE = "image/";

interface Range {
    readonly from: number;
    readonly end: number;
}

/** What was found at the top level. */
interface Search {
    readonly reading: Reading;
    /** Where the value of the image's own member stands, and which of the images that is. */
    from: number;
    end: number;
    image: number;
    /** Whether it is a chat, which may be without an image. */
    is_chat: boolean;
    /** The client's own members whose values are replaced. */
    readonly own: LuaTable<OwnMember, Range>;
    readonly edits: Edit[];
}

function name_at(cursor: Cursor): string | undefined {
    if (cursor.name_count > MOST_NAME_BYTES) return undefined;
    return json_text.unescaped(cursor.memory, cursor.name_from, cursor.name_count);
}

/** The value of the member of that name; nothing if there is none. */
function member_at(memory: Bytes, at: number, end: number, name: string): Cursor | undefined {
    if (!json_ranges.is_object(memory, at)) return undefined;
    const cursor = json_ranges.enter(memory, at, end);
    while (json_ranges.next_member(cursor)) if (name_at(cursor) === name) return cursor;
    return undefined;
}

function add_url(search: Search, from: number, end: number): void {
    const { reading, edits } = search;
    const found = image_text.read(reading, from + 1, end - 1, true, true);
    const image = readings.add(reading, found);
    edits.push({ from, end, image, as: "data_url", missing: [] });
}

/** An image in base64 without a URL around it. Returns its number. */
function add_letters(search: Search, { from, end }: Range): number {
    const { reading, edits } = search;
    const image = readings.add(reading, image_text.read(reading, from + 1, end - 1, true, false));
    edits.push({ from, end, image, as: "base64", missing: [] });
    return image;
}

function is_image_type(memory: Bytes, { from, end }: Range): boolean {
    const text = json_text.unescaped(memory, from + 1, math.min(end - from - 2, MOST_NAME_BYTES)) ?? "";
    return string.sub(string.lower(text), 1, IMAGE_TYPE.length) === IMAGE_TYPE;
}

/** A part with a `source` of base64, if that is an image: documents have one, too. */
function read_source(search: Search, part: Cursor): void {
    const { memory } = part;
    const source = member_at(memory, part.from, part.end, "source");
    if (source === undefined) return;
    const type = member_at(memory, source.from, source.end, "media_type");
    const data = member_at(memory, source.from, source.end, "data");
    if (type === undefined || !json_ranges.is_string(memory, type.from) || !is_image_type(memory, type)) return;
    if (data === undefined || !json_ranges.is_string(memory, data.from)) return;
    const image = add_letters(search, data);
    search.edits.push({ from: type.from, end: type.end, image, as: "content_type", missing: [] });
}

/** A list of images in base64. */
function read_images(search: Search, list: Cursor): void {
    const { memory } = list;
    if (!json_ranges.is_array(memory, list.from)) return;
    search.is_chat = true;
    const entry = json_ranges.enter(memory, list.from, list.end);
    while (search.reading.problem === undefined && json_ranges.next_entry(entry)) {
        if (json_ranges.is_string(memory, entry.from)) add_letters(search, entry);
    }
}

/** A part of a message: `image_url` is a URL, or an object with one. */
function read_part(search: Search, part: Cursor): void {
    const { memory } = part;
    read_source(search, part);
    const member = member_at(memory, part.from, part.end, "image_url");
    if (member === undefined) return;
    const url = json_ranges.is_object(memory, member.from) ? member_at(memory, member.from, member.end, "url") : member;
    if (url !== undefined && json_ranges.is_string(memory, url.from)) add_url(search, url.from, url.end);
}

function read_messages(search: Search, messages: Cursor): void {
    const { memory } = messages;
    if (!json_ranges.is_array(memory, messages.from)) return;
    search.is_chat = true;
    const message = json_ranges.enter(memory, messages.from, messages.end);
    while (search.reading.problem === undefined && json_ranges.next_entry(message)) {
        const images = member_at(memory, message.from, message.end, "images");
        if (images !== undefined) read_images(search, images);
        const content = member_at(memory, message.from, message.end, "content");
        if (content !== undefined && json_ranges.is_array(memory, content.from)) {
            const part = json_ranges.enter(memory, content.from, content.end);
            while (search.reading.problem === undefined && json_ranges.next_entry(part)) read_part(search, part);
        }
    }
}

function read_image(search: Search, member: Cursor): void {
    const { reading } = search;
    const { from, end } = member;
    // An empty text is no image.
    if (!json_ranges.is_string(member.memory, from) || end - from === 2) return;
    search.from = from;
    search.end = end;
    const found = image_text.read(reading, from + 1, end - 1, true, false);
    search.image = readings.add(reading, found);
}

function read_members(search: Search, at: number): void {
    const { reading } = search;
    const { memory, count, wants } = reading;
    const cursor = json_ranges.enter(memory, at, count);
    while (reading.problem === undefined && json_ranges.next_member(cursor)) {
        const name = name_at(cursor);
        if (name === "messages" || name === "input") read_messages(search, cursor);
        // What is asked may be a text alone.
        if (name === "input" && json_ranges.is_string(memory, cursor.from)) search.is_chat = true;
        if (name === "images") read_images(search, cursor);
        if (name === wants.json_field) read_image(search, cursor);
        for (const own of OWN_MEMBERS) if (name === own) search.own.set(own, { from: cursor.from, end: cursor.end });
    }
}

/** The image's own member becomes base64, with what it is beside it. */
function edit_own(search: Search): void {
    const { from, end, image, edits } = search;
    const missing: string[] = [];
    for (const name of OWN_MEMBERS) {
        const own = search.own.get(name) as Range | undefined;
        if (own === undefined) missing.push(name);
        else edits.push({ from: own.from, end: own.end, image, as: name, missing: [] });
    }
    edits.push({ from, end, image, as: "base64", missing });
}

/** What the new body has beside the image. In a chat, or in JSON again, that is all that there is. */
function plan(search: Search, at: number): void {
    const { reading, edits } = search;
    const { memory, count, wants } = reading;
    if (edits.length > 0 || wants.send === "json") {
        if (search.image > 0) edit_own(search);
        table.sort(edits, (one, other) => one.from < other.from);
        reading.edits = edits;
        return;
    }
    const cursor = json_ranges.enter(memory, at, count);
    while (reading.problem === undefined && json_ranges.next_member(cursor)) {
        if (cursor.from !== search.from) other_fields.add_member(reading, name_at(cursor), cursor);
    }
    other_fields.finish(reading);
}

/** Finds the images in JSON, and what the new body has beside them. Phases: any. */
export function find(reading: Reading): void {
    const { wants, memory, count } = reading;
    if (!readings.is_accepted(wants, "data_url")) readings.accept(reading, "json");
    if (reading.problem === undefined) json_body.check(reading);
    if (reading.problem !== undefined) return;
    const search: Search = { reading, from: -1, end: -1, image: 0, is_chat: false, own: new LuaTable(), edits: [] };
    const at = json_ranges.first_value(memory, count);
    if (json_ranges.is_object(memory, at)) read_members(search, at);
    if (reading.problem !== undefined) return;
    if (reading.images.length === 0) {
        if (search.is_chat) return;
        const message = `The JSON has no member "${wants.json_field}" with an image in it, and is no chat.`;
        return problems.refuse(reading, problems.NO_IMAGE, message);
    }
    plan(search, at);
}
