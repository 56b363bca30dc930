local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local files = require("resty.openclaw.core.files.files")
local files_is_gone = files.is_gone
local files_is_taken = files.is_taken
local files_open = files.open
local files_truncate = files.truncate
local files_write = files.write
local worker_process = require("resty.openclaw.core.process.worker_process")
local worker_process_is_here = worker_process.is_here
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local disks = require("resty.openclaw.spool.disk")
local disks_changed = disks.changed
local disks_named = disks.named
local disks_retire = disks.retire
local folder = require("resty.openclaw.spool.folder")
local folder_take_lane = folder.take_lane
local folder_used_bytes = folder.used_bytes
local lanes = require("resty.openclaw.spool.lane")
local lanes_path_of = lanes.path_of
local lanes_release = lanes.release
local lanes_remove = lanes.remove
local lanes_rewind = lanes.rewind
local lanes_segment_path = lanes.segment_path
local lanes_write_position = lanes.write_position
local lines = require("resty.openclaw.spool.line")
local lines_OTHER_BYTES = lines.OTHER_BYTES
local lines_encode = lines.encode
local ____state = require("resty.openclaw.spool.state")
local state_FULL = ____state.FULL
local FULL = state_FULL
--- So many file names are tried at a time; each costs a system call.
local MOST_IN_THE_WAY = 100
--- How long after a failure the next write is tried.
local RETRY_SECONDS = 1
--- Acquires a lane to write to, unless there is one. On failure nil and why; may be called again. Phases: init_worker and those of
-- requests and timers.
local function open(spool)
    if spool.own ~= nil then
        return true
    end
    if not worker_process_is_here() then
        return nil, "only workers have a lane"
    end
    local lane, err = folder_take_lane(spool.settings.directory)
    if lane == nil then
        return nil, err
    end
    local problem = lanes_write_position(lane, lane.last_number, 0)
    if problem ~= nil then
        lanes_release(lane)
        return nil, problem
    end
    spool.own = lane
    disks_named(spool.disk, spool.settings.directory)
    return true
end
____exports.open = open
--- Ends the current segment: the next entry begins another.
local function leave_segment(spool)
    disks_retire(spool.disk)
    if spool.own ~= nil then
        spool.own.grows = false
    end
end
____exports.leave_segment = leave_segment
--- Drops a segment with its entries; returns how many.
local function drop_segment(spool, lane, index)
    local segment = lane.segments[index + 1]
    local entries = segment.entries
    local text_bytes = segment.text_bytes
    local ____, err = lanes_remove(lane, index)
    if err ~= nil then
        spool.settings.faults:report(
            "remove",
            lanes_path_of(lane, segment),
            ": ",
            err
        )
    end
    if lane ~= spool.lane_in_flight then
        lanes_rewind(lane)
    end
    spool.file_bytes = spool.file_bytes - segment.bytes
    spool.entries = spool.entries - entries
    spool.bytes = spool.bytes - text_bytes
    return entries
end
____exports.drop_segment = drop_segment
--- The index of the oldest segment of a lane that may be dropped: not one that is written to, being read, or in flight.
local function droppable(spool, lane)
    local first = lane == spool.lane_in_flight and lane.cursor.index + 1 or 0
    local count = #lane.segments - (lane.grows and 1 or 0)
    return first < count and first or nil
end
--- Drops the oldest segment: its bytes and entries; nothing where there is none.
local function drop_oldest(spool)
    for ____, lane in ipairs(spool.adopted) do
        local index = droppable(spool, lane)
        if index ~= nil then
            return lane.segments[index + 1].bytes, drop_segment(spool, lane, index)
        end
    end
    local own = spool.own
    local ____temp_0
    if own == nil then
        ____temp_0 = nil
    else
        ____temp_0 = droppable(spool, own)
    end
    local index = ____temp_0
    if own == nil or index == nil then
        return
    end
    return own.segments[index + 1].bytes, drop_segment(spool, own, index)
end
--- Makes room for another segment of at least so many bytes. Returns whether there is room, and how many entries were dropped.
local function make_room(spool, bytes)
    local ____spool_settings_1 = spool.settings
    local directory = ____spool_settings_1.directory
    local most_bytes = ____spool_settings_1.most_bytes
    local needed = math_max(bytes, spool.settings.segment_bytes)
    local used = folder_used_bytes(directory)
    local dropped = 0
    while used + needed > most_bytes do
        if not spool.settings.drop_oldest then
            return false, dropped
        end
        local freed, entries = drop_oldest(spool)
        if freed == nil then
            return false, dropped
        end
        used = used - freed
        dropped = dropped + entries
    end
    return true, dropped
end
--- Releases the own lane after its folder was removed; its entries are lost.
local function forget_own(spool, lane)
    leave_segment(spool)
    for ____, segment in ipairs(lane.segments) do
        spool.entries = spool.entries - segment.entries
        spool.bytes = spool.bytes - segment.text_bytes
        spool.file_bytes = spool.file_bytes - segment.bytes
        spool.broken = spool.broken + segment.entries
    end
    lanes_release(lane)
    spool.own = nil
end
--- Creates the file of the next free number. On failure nil and why.
local function create_next(own)
    for number = own.last_number + 1, own.last_number + MOST_IN_THE_WAY do
        local file, err = files_open(
            lanes_segment_path(own.path, number),
            "create"
        )
        local is_taken = file == nil and files_is_taken()
        if file ~= nil or is_taken then
            own.last_number = number
        end
        if file ~= nil then
            return file
        end
        if not is_taken then
            return nil, err
        end
    end
    return nil, "the names of the next segments are taken"
end
--- Begins a segment for at least so many bytes. On failure nil and why. Third: how many entries were dropped for it.
local function begin_segment(spool, bytes)
    leave_segment(spool)
    local ok, err = open(spool)
    if not ok then
        return nil, err, 0
    end
    local own = spool.own
    local has_room, dropped = make_room(spool, bytes)
    if not has_room then
        return nil, FULL, dropped
    end
    local file, file_err = create_next(own)
    if file == nil then
        if own ~= spool.lane_in_flight and files_is_gone(own.path .. "/position") then
            forget_own(spool, own)
        end
        return nil, file_err, dropped
    end
    local segment = {number = own.last_number, bytes = 0, entries = 0, text_bytes = 0}
    local ____own_segments_2 = own.segments
    ____own_segments_2[#____own_segments_2 + 1] = segment
    own.grows = true
    spool.disk.file = file
    disks_named(spool.disk, own.path)
    return segment, nil, dropped
end
--- The segment for so many more bytes, begun if needed. Else as `begin_segment`.
local function segment_for(spool, bytes)
    if spool.disk.has_failed then
        leave_segment(spool)
    end
    if spool.disk.file == nil then
        return begin_segment(spool, bytes)
    end
    local segments = spool.own.segments
    local segment = segments[#segments]
    if segment.bytes > 0 and segment.bytes + bytes > spool.settings.segment_bytes then
        return begin_segment(spool, bytes)
    end
    return segment, nil, 0
end
--- Blocks writing for a while after a failure.
local function block(spool, why)
    spool.blocked_until = clock_now() + RETRY_SECONDS
    spool.blocked_by = why
end
--- Appends an entry, which must not contain a line end: one write to the page cache, without yielding. Nil and why when the entry is
-- refused: "full" at the quota; other errors may be temporary, and writing is tried again once a second at most. `dropped`: older entries
-- that were dropped to make room. Phases: all but init and exit_worker.
local function append(spool, entry)
    local now = clock_now()
    if now < spool.blocked_until then
        return nil, spool.blocked_by, 0
    end
    local bytes = #entry + lines_OTHER_BYTES
    local segment, err, dropped = segment_for(spool, bytes)
    if segment == nil then
        block(spool, err)
        return nil, err, dropped
    end
    local file = spool.disk.file
    local memory, count = lines_encode(
        entry,
        ngx.time()
    )
    local problem = files_write(file, memory, count)
    if problem ~= nil then
        if files_truncate(file, segment.bytes) ~= nil then
            leave_segment(spool)
        end
        block(spool, problem)
        return nil, problem, dropped
    end
    if spool.entries == 0 then
        spool.oldest_at = now
    end
    local text_bytes = #entry + 1
    segment.bytes = segment.bytes + bytes
    segment.entries = segment.entries + 1
    segment.text_bytes = segment.text_bytes + text_bytes
    spool.file_bytes = spool.file_bytes + bytes
    spool.entries = spool.entries + 1
    spool.bytes = spool.bytes + text_bytes
    disks_changed(spool.disk)
    return true, nil, dropped
end
____exports.append = append
return ____exports
