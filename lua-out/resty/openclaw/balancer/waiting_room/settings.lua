local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local type = type
local kinds = require("resty.openclaw.config.kinds")
local kinds_of = kinds.of
local kinds_whole = kinds.whole
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local ____schema = require("resty.openclaw.config.schema")
local option = ____schema.option
local optional = ____schema.optional
local table_of = ____schema.table_of
local classes = require("resty.openclaw.core.request.classes")
local classes_map_of_classes = classes.map_of_classes
--- The class of callers that have no other one.
local STANDARD = "standard"
____exports.STANDARD = STANDARD
--- All classes are looked at whenever there is a free place.
local MOST_CLASSES = 16
local MOST_PLACES = 1000000
local LEAST_WEIGHT = 0.001
local MOST_WEIGHT = 1000
local function is_whole(given)
    return type(given) == "number" and given % 1 == 0 and given >= 1 and given <= MOST_PLACES
end
local CONCURRENCY = kinds_of(
    "`\"learned\"` or whole number ≥ 1",
    "\"learned\" or a whole number from 1 up",
    function(given) return given == "learned" or is_whole(given) end
)
local WEIGHT = kinds_of(
    (("number from " .. tostring(LEAST_WEIGHT)) .. " to ") .. tostring(MOST_WEIGHT),
    (("a number from " .. tostring(LEAST_WEIGHT)) .. " to ") .. tostring(MOST_WEIGHT),
    function(given) return type(given) == "number" and given >= LEAST_WEIGHT and given <= MOST_WEIGHT end
)
local SIZE = kinds_whole(0, MOST_PLACES)
--- Of a class.
local CLASS_SCHEMA = {
    weight = option(WEIGHT, 1, "its share of the places while others wait too"),
    size = optional(SIZE, "how many requests of the class may wait; by default `size` of the queue"),
    wait_seconds = optional(kinds.positive, "how long they wait at most; by default `wait_seconds` of the queue")
}
____exports.CLASS_SCHEMA = CLASS_SCHEMA
local CLASS_MAP = classes_map_of_classes(
    table_of(CLASS_SCHEMA, "{ weight = 8 }"),
    "{ vip = { weight = 8 } }"
)
local CLASSES = {
    name = "table",
    read = function(given, path, problems)
        local read = CLASS_MAP.read(given, path, problems)
        local known = names_sorted(read)
        if #known > MOST_CLASSES then
            problems[#problems + 1] = ((((path .. " has ") .. tostring(#known)) .. " classes; ") .. tostring(MOST_CLASSES)) .. " are the most"
        end
        return read
    end
}
local SCHEMA = {
    concurrency = option(CONCURRENCY, "learned", "how many requests may be under way at once, over all workers; `\"learned\"`: as many as the nodes handle concurrently, which policy `xed` learns"),
    at_least = option(
        kinds_whole(1, MOST_PLACES),
        1,
        "the least that `learned` may be"
    ),
    at_most = option(
        kinds_whole(1, MOST_PLACES),
        MOST_PLACES,
        "the most that `learned` may be"
    ),
    headroom = option(
        kinds_of(
            "number from 1 to 10",
            "a number from 1 to 10",
            function(given)
                return type(given) == "number" and given >= 1 and given <= 10
            end
        ),
        1.5,
        "`learned` is what the nodes are known to handle, times this. Nodes that are given a few requests more can show that they handle more"
    ),
    size = option(SIZE, 200, "how many requests of a class may wait, over all workers"),
    wait_seconds = option(kinds.positive, 10, "how long a request waits at most"),
    classes = option(CLASSES, {}, "`weight`, `size` and `wait_seconds` of callers by their class, see [Classes](waiting_room.md#classes)"),
    read_body = option(kinds.flag, true, "whether the request body is read before the request gets a place; with `false` a client that sends slowly takes a place meanwhile")
}
____exports.SCHEMA = SCHEMA
local OF_LEARNED = {"at_least", "at_most", "headroom"}
local function check(options, given, path, problems)
    local ____options_0 = options
    local concurrency = ____options_0.concurrency
    local at_least = ____options_0.at_least
    local at_most = ____options_0.at_most
    if at_least > at_most then
        problems[#problems + 1] = (((path .. ".at_least must be at most at_most (") .. tostring(at_most)) .. "), got ") .. tostring(at_least)
    end
    if concurrency == "learned" then
        return
    end
    for ____, name in ipairs(OF_LEARNED) do
        if given[name] ~= nil then
            problems[#problems + 1] = ((path .. ".") .. name) .. " is for concurrency = \"learned\", not for a number"
        end
    end
end
local TABLE = table_of(SCHEMA, "{ concurrency = 20 }")
--- The option: a table.
local QUEUE = {
    name = "table",
    read = function(given, path, problems)
        local before = #problems
        local options = TABLE.read(given, path, problems)
        if #problems == before then
            check(options, given, path, problems)
        end
        return options
    end
}
____exports.QUEUE = QUEUE
--- Its classes by name; "standard" is always one of them. Phases: init.
local function classes_of(____bindingPattern0)
    local wait_seconds
    local size
    local its_classes
    its_classes = ____bindingPattern0.classes
    size = ____bindingPattern0.size
    wait_seconds = ____bindingPattern0.wait_seconds
    local all = {}
    if not (its_classes[STANDARD] ~= nil) then
        all[#all + 1] = {name = STANDARD, weight = 1, size = size, wait_seconds = wait_seconds}
    end
    for ____, name in ipairs(names_sorted(its_classes)) do
        local its = its_classes[name]
        all[#all + 1] = {name = name, weight = its.weight, size = its.size or size, wait_seconds = its.wait_seconds or wait_seconds}
    end
    return all
end
____exports.classes_of = classes_of
return ____exports
