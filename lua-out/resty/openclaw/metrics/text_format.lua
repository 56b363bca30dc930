local ____exports = {}
____exports.content_type = "text/plain; version=0.0.4; charset=utf-8"
____exports.media_type = "text/plain"
____exports.version = "0.0.4"
____exports.ending = ""
--- The lines HELP and TYPE. Phases: any.
function ____exports.head(text, name, kind, help)
    local escaped = (string.gsub(help, "[\\\n]", {["\\"] = "\\\\", ["\n"] = "\\n"}))
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
--- The bounds as they are. Phases: any.
function ____exports.bounds(texts)
    return texts
end
return ____exports
