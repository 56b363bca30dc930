local ____exports = {}
local read = require("resty.openclaw.options")
local utf8 = require("resty.openclaw.utf8")
--- The options that `create` reads.
____exports.OPTIONS = {
    "facility",
    "severity",
    "app_name",
    "hostname",
    "bom"
}
--- In the order of their numbers: RFC 5424, tables 1 and 2, by the names of syslog(3).
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
local BOM = string.char(239, 187, 191)
local function number_of(words, word)
    for index, each in ipairs(words) do
        if each == word then
            return index - 1
        end
    end
    return 0
end
--- What the system calls itself; "-", which says nothing, where it does not tell.
local function own_hostname()
    local file = io.open("/proc/sys/kernel/hostname", "r")
    local name = string.match(
        file and file:read("*l") or "",
        "^[!-~]+$"
    )
    if file ~= nil then
        file:close()
    end
    return name or "-"
end
local function read_name(owner, options, name, most_bytes, fallback)
    local value = read.text(owner, options, name, fallback)
    local legal = string.find(value, "^[!-~]+$")
    if legal == nil or #value > most_bytes then
        read.refuse(
            owner,
            name,
            ("a text of 1 to " .. tostring(most_bytes)) .. " ASCII characters without blanks",
            value
        )
    end
    return value
end
--- What all heads of a sink have in common. Phases: init. Raises when an option is wrong.
local function create(owner, options)
    local facility = number_of(
        FACILITIES,
        read.one_of(
            owner,
            options,
            "facility",
            FACILITIES,
            "local0"
        )
    )
    local severity = number_of(
        SEVERITIES,
        read.one_of(
            owner,
            options,
            "severity",
            SEVERITIES,
            "info"
        )
    )
    local hostname = read_name(
        owner,
        options,
        "hostname",
        MOST_HOSTNAME_BYTES,
        own_hostname()
    )
    local app_name = read_name(
        owner,
        options,
        "app_name",
        MOST_APP_NAME_BYTES,
        "openclaw"
    )
    return {
        priority = string.format("<%d>1 ", facility * 8 + severity),
        origin = (((" " .. hostname) .. " ") .. app_name) .. " ",
        bom = read.flag(owner, options, "bom", false)
    }
end
____exports.new = create
--- The head of messages that leave now. Phases: any but init.
function ____exports.head(heading)
    local now = ngx.now()
    local seconds = os.date("!%Y-%m-%dT%H:%M:%S", now)
    local milliseconds = math.floor(now % 1 * 1000)
    local worker = ngx.worker.pid()
    return string.format(
        "%s%s.%03dZ%s%d - - ",
        heading.priority,
        seconds,
        milliseconds,
        heading.origin,
        worker
    )
end
--- What stands between the head and a line: the mark of UTF-8 where it is wished for, and the line is more than ASCII.
function ____exports.mark(heading, line)
    if not heading.bom then
        return ""
    end
    local beyond_ascii = string.find(line, "[^%z-]")
    return beyond_ascii ~= nil and utf8.clean(line) == line and BOM or ""
end
return ____exports
