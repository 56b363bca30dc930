local ____exports = {}
local error = error
local string_match = string.match
local problem = require("resty.openclaw.config.problems")
local problem_child = problem.child
local files = require("resty.openclaw.core.files.files")
local files_REMEDY = files.REMEDY
local files_beginning = files.beginning
local files_is_forbidden = files.is_forbidden
local secret_file = require("resty.openclaw.core.files.secret_file")
local secret_file_read = secret_file.read
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local MOST_BYTES = 4096
local SECONDS_BETWEEN_READS = 1
--- The file of the option `password_file` in the table at `path`. Raises where all users may read it, or it is missing or empty. Phases: init.
local function create(path, file)
    local its_option = problem_child(path, "password_file")
    if secret_file_read(its_option, file, MOST_BYTES) == "" then
        error(((its_option .. ": ") .. file) .. " is empty", 0)
    end
    return {path = file, read_again = 0, password = nil, err = nil}
end
____exports.new = create
--- The first line of a file. On failure nil and why, which never shows the contents.
local function first_line(path)
    local text, err = files_beginning(path, MOST_BYTES)
    if text == nil then
        local remedy = files_is_forbidden(err) and "; " .. files_REMEDY or ""
        return nil, ("cannot read the password file: " .. err) .. remedy
    end
    local line = string_match(text, "^[^\r\n]+")
    if line == nil then
        return nil, "the password file is empty"
    end
    return line
end
--- The password, read at most once a second, as requests may ask for it. On failure nil and why. Phases: any.
local function read(file)
    local now = clock_now()
    if now >= file.read_again then
        local ____temp_0 = {first_line(file.path)}
        file.password = ____temp_0[1]
        file.err = ____temp_0[2]
        file.read_again = now + SECONDS_BETWEEN_READS
    end
    if file.password == nil then
        return nil, file.err
    end
    return file.password
end
____exports.read = read
return ____exports
