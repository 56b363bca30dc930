local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_match = string.match
local files = require("resty.openclaw.core.files.files")
local files_make_folder = files.make_folder
local files_size_of = files.size_of
local lanes = require("resty.openclaw.spool.lane")
local lanes_acquire = lanes.acquire
local lanes_numbers = lanes.numbers
local lanes_numbers_in = lanes.numbers_in
local lanes_read_position = lanes.read_position
local lanes_release = lanes.release
local lanes_segment_path = lanes.segment_path
--- As many as a machine may have workers, and more.
local MOST_TRIES = 1024
--- The numbers of the lanes, sorted. On failure nil and why. Phases: any.
local function lane_numbers(directory)
    return lanes_numbers_in(directory, "%d")
end
____exports.lane_numbers = lane_numbers
--- The size of the segments of all lanes, whoever owns them, in bytes. Phases: any.
local function used_bytes(directory)
    local bytes = 0
    for ____, number in ipairs((lane_numbers(directory)) or ({})) do
        local path = (directory .. "/") .. tostring(number)
        for ____, segment in ipairs((lanes_numbers(path)) or ({})) do
            bytes = bytes + (files_size_of(lanes_segment_path(path, segment)) or 0)
        end
    end
    return bytes
end
____exports.used_bytes = used_bytes
--- Creates the folder, and its parent. Returns the error, if any.
local function make(directory)
    if files_make_folder(directory) == nil then
        return nil
    end
    local parent = string_match(directory, "^(.+)/[^/]+$")
    if parent ~= nil then
        files_make_folder(parent)
    end
    return files_make_folder(directory)
end
--- Acquires a lane that has no owner and no segments.
local function take_empty(directory, number)
    local lane = lanes_acquire((directory .. "/") .. tostring(number))
    if lane == nil then
        return nil
    end
    local segments = lanes_numbers(lane.path)
    if (segments and #segments) == 0 then
        lane.last_number = (lanes_read_position(lane))
        return lane
    end
    lanes_release(lane)
    return nil
end
--- A lane to write to: the first empty one without an owner, else a new one. On failure nil and why. Phases: any but init, as all workers
-- would inherit the lock of their master.
local function take_lane(directory)
    local problem = make(directory)
    if problem ~= nil then
        return nil, problem
    end
    local numbers, err = lane_numbers(directory)
    if numbers == nil then
        return nil, err
    end
    for ____, number in ipairs(numbers) do
        local lane = take_empty(directory, number)
        if lane ~= nil then
            return lane
        end
    end
    local taken = {}
    for ____, number in ipairs(numbers) do
        taken[number] = true
    end
    for number = 1, #numbers + MOST_TRIES do
        if not (taken[number] ~= nil) then
            local folder_err = files_make_folder((directory .. "/") .. tostring(number))
            if folder_err ~= nil then
                return nil, folder_err
            end
            local made = take_empty(directory, number)
            if made ~= nil then
                return made
            end
        end
    end
    return nil, "every lane has an owner"
end
____exports.take_lane = take_lane
return ____exports
