local ____exports = {}
local string_gsub = string.gsub
____exports.content_type = "text/plain; version=0.0.4; charset=utf-8"
____exports.media_type = "text/plain"
____exports.version = "0.0.4"
____exports.ending = ""
--- The lines HELP and TYPE. Phases: any.
local function head(text, name, kind, help)
    local escaped = (string_gsub(help, "[\\\n]", {["\\"] = "\\\\", ["\n"] = "\\n"}))
    text:put(
        "# HELP ",
        name,
        " ",
        escaped,
        "\n# TYPE ",
        name,
        " ",
        kind,
        "\n"
    )
end
____exports.head = head
--- The bounds as they are. Phases: any.
local function bounds(texts)
    return texts
end
____exports.bounds = bounds
return ____exports
