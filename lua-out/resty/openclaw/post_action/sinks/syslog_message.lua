local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local math_floor = math.floor
local string_char = string.char
local string_find = string.find
local string_format = string.format
local string_match = string.match
local table_concat = table.concat
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local kinds_one_of = kinds.one_of
local ____schema = require("resty.openclaw.config.schema")
local computed = ____schema.computed
local option = ____schema.option
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
--- In the order of their numbers (RFC 5424, tables 1 and 2), by their names in syslog(3).
local FACILITIES = {
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "audit",
    "alert",
    "clock",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7"
}
local SEVERITIES = {
    "emerg",
    "alert",
    "crit",
    "err",
    "warning",
    "notice",
    "info",
    "debug"
}
local MOST_HOSTNAME_BYTES = 255
local MOST_APP_NAME_BYTES = 48
local BOM = string_char(239, 187, 191)
local function name_of_at_most(bytes)
    return kinds_of(
        ("string, up to " .. tostring(bytes)) .. " bytes",
        ("a string of 1 to " .. tostring(bytes)) .. " ASCII characters without blanks",
        function(given)
            if type(given) ~= "string" or #given > bytes then
                return false
            end
            local legal = string_find(given, "^[!-~]+$")
            return legal ~= nil
        end
    )
end
--- Too many words for the column of types in the documents.
local FACILITY = {
    name = "string",
    read = kinds_one_of(unpack(FACILITIES)).read
}
--- The options that `create` reads.
local SCHEMA = {
    facility = option(
        FACILITY,
        "local0",
        ("syslog facility: `" .. table_concat(FACILITIES, "`, `")) .. "`"
    ),
    severity = option(
        kinds_one_of(unpack(SEVERITIES)),
        "info",
        "syslog severity of all messages"
    ),
    app_name = option(
        name_of_at_most(MOST_APP_NAME_BYTES),
        "openclaw",
        "APP-NAME of the messages"
    ),
    hostname = computed(
        name_of_at_most(MOST_HOSTNAME_BYTES),
        "the system's",
        "HOSTNAME of the messages"
    ),
    bom = option(kinds.flag, false, "whether messages with non-ASCII UTF-8 begin with a byte order mark")
}
____exports.SCHEMA = SCHEMA
local function number_of(names, name)
    for index, each in ipairs(names) do
        if each == name then
            return index - 1
        end
    end
    return 0
end
--- The hostname of the system; "-", the nil value of RFC 5424, where it is unknown.
local function own_hostname()
    local file = io.open("/proc/sys/kernel/hostname", "r")
    local name = string_match(
        file and file:read("*l") or "",
        "^[!-~]+$"
    )
    if file ~= nil then
        file:close()
    end
    return name or "-"
end
--- The parts that all headers of a sink have in common. Phases: init.
local function create(options)
    local facility = number_of(FACILITIES, options.facility)
    local severity = number_of(SEVERITIES, options.severity)
    return {
        priority = string_format("<%d>1 ", facility * 8 + severity),
        origin = (((" " .. (options.hostname or own_hostname())) .. " ") .. options.app_name) .. " ",
        bom = options.bom
    }
end
____exports.new = create
--- The header of messages that are sent now. Phases: any but init.
local function header(header_parts)
    local now = ngx.now()
    local seconds = os.date("!%Y-%m-%dT%H:%M:%S", now)
    local milliseconds = math_floor(now % 1 * 1000)
    local worker = ngx.worker.pid()
    return (string_format(
        "%s%s.%03dZ%s%d - - ",
        header_parts.priority,
        seconds,
        milliseconds,
        header_parts.origin,
        worker
    ))
end
____exports.header = header
--- The byte order mark between header and line, if the options ask for it and the line is UTF-8 beyond ASCII; else empty.
local function bom(header_parts, line)
    if not header_parts.bom then
        return ""
    end
    local beyond_ascii = string_find(line, "[^%z-]")
    return beyond_ascii ~= nil and utf8_clean(line) == line and BOM or ""
end
____exports.bom = bom
return ____exports
