/** Real pictures, drawn by ImageMagick and libvips, and what they are. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(path.join(tmpdir(), "pictures-"));
    try {
        return await work(folder);
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

/** A picture as ImageMagick draws it: `format` is the ending of its file, `options` what the command takes before it. */
export function draw(format: string, ...options: string[]): Promise<Buffer> {
    return inFolder(async (folder) => {
        const file = path.join(folder, `picture.${format}`);
        await promisify(execFile)("convert", [...options, file]);
        return readFileSync(file);
    });
}

/** A scene of that size, which no other seed has. */
export function scene(format: string, width: number, height: number, seed = 1): Promise<Buffer> {
    const size = `${width}x${height}`;
    return draw(format, "-size", size, "-seed", String(seed), "plasma:tomato-steelblue", "-depth", "8");
}

export interface Look {
    format: string;
    width: number;
    height: number;
}

/** What a picture is, as ImageMagick reads it: all of it is decoded. */
export function look(picture: Buffer): Promise<Look> {
    return inFolder(async (folder) => {
        const file = path.join(folder, "picture");
        await writeFile(file, picture);
        const { stdout } = await promisify(execFile)("identify", ["-regard-warnings", "-format", "%m %w %h", file]);
        const [format = "", width, height] = stdout.split(" ");
        return { format, width: Number(width), height: Number(height) };
    });
}

/** A photograph with Exif: an owner, and a place. */
export async function photographWithPlace(): Promise<Buffer> {
    const plain = await scene("jpg", 640, 480);
    // An Exif segment: a TIFF whose first directory has an artist and points to one with a latitude's reference and a date.
    const tiff = Buffer.concat([
        Buffer.from("49492a0008000000", "hex"),
        Buffer.from("0200", "hex"),
        Buffer.from("3b01020010000000" + "26000000", "hex"),
        Buffer.from("2588040001000000" + "36000000", "hex"),
        Buffer.from("00000000", "hex"),
        Buffer.from("SecretFarmOwner\0", "latin1"),
        Buffer.from("0200", "hex"),
        Buffer.from("0100020002000000" + "4e000000", "hex"),
        Buffer.from("1d0002000b000000" + "54000000", "hex"),
        Buffer.from("00000000", "hex"),
        Buffer.from("2099:12:31\0\0", "latin1"),
    ]);
    const content = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(content.length + 2);
    return Buffer.concat([plain.subarray(0, 2), Buffer.from("ffe1", "hex"), length, content, plain.subarray(2)]);
}
