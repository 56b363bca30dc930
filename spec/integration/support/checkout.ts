import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

/** The folder of the project. */
export const CHECKOUT = path.resolve(import.meta.dirname, "../../..");

/** Runs a program to its end, in the project's folder; resolves with what it printed, rejects when it fails. */
export async function run(program: string, ...args: string[]): Promise<string> {
    const options = { cwd: CHECKOUT, maxBuffer: 32 * 1024 * 1024 };
    const { stdout, stderr } = await promisify(execFile)(program, args, options);
    return stdout + stderr;
}
