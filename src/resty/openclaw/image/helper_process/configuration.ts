/** What nginx as a helper process gets as its configuration: it loads Lua, converts images, and nothing else. */

/** Lua's table `package`. */
const lua_package = _G.package as { readonly path: string; readonly cpath: string };

const MODULES = ["ndk_http_module.so", "ngx_http_lua_module.so"];

/** What the map says of a file that was replaced since, by a newer package for instance. */
const REPLACED = " (deleted)";

/** The file of a library that this process has, by its name at the end of a line of its memory map. */
function library_in(line: string, name: string): string | undefined {
    const is_replaced = string.sub(line, -REPLACED.length) === REPLACED;
    const its_line = is_replaced ? string.sub(line, 1, -REPLACED.length - 1) : line;
    if (string.sub(its_line, -name.length) !== name) return undefined;
    const [slash] = string.find(its_line, "/", 1, true);
    return slash === undefined ? undefined : string.sub(its_line, slash);
}

/**
 * What the option -g has to say so that the program has the modules that this process has; nothing where they are built in. Phases: any.
 */
export function load_directives(): string {
    const [file] = io.open("/proc/self/maps", "r");
    if (file === undefined) return "";
    const maps = file.read("*a") ?? "";
    file.close();
    let directives = "";
    for (const name of MODULES) {
        let path: string | undefined;
        for (const [line] of string.gmatch(maps, "[^\n]+")) path ??= library_in(line!, name);
        if (path !== undefined) directives += `load_module ${path}; `;
    }
    return directives;
}

/** Text as nginx reads it in these directives, where a dollar sign is one. */
function quoted(text: string): string {
    const [escaped] = string.gsub(text, '[\\\\"]', "\\%0");
    return `"${escaped}"`;
}

/** What a helper at that path in that folder is to do: the text of its nginx.conf. Phases: any. */
export function text(path: string, folder: string): string {
    const call = string.format("serve(%q, %q)", path, folder);
    const lines = [
        "daemon off;",
        "master_process off;",
        "pid /dev/null;",
        "events {}",
        "http {",
        "access_log off;",
        `lua_package_path ${quoted(lua_package.path)};`,
        `lua_package_cpath ${quoted(lua_package.cpath)};`,
        `init_by_lua_block { require("resty.openclaw.image.helper_process.helper").${call} }`,
        "}",
        "",
    ];
    return table.concat(lines, "\n");
}
