-- The C API of centra as the installed header declares it: functions and structs by LuaJIT's FFI, constants by name.
--
--     local centra = require("centra")(header, library)
--
-- header: the path of centra.h; library: its name or path for ffi.load, "centra" if it is left out.
local ffi = require("ffi")

return function(header, library)
    local file = assert(io.open(header))
    local text = file:read("*a")
    file:close()

    local centra = {}
    -- What is left for a C compiler without a preprocessor.
    text = text:gsub("\\\n", " "):gsub("#ifdef __cplusplus.-#endif[^\n]*", ""):gsub("%f[^\n%z]#[^\n]*", "")
    ffi.cdef(text)
    local C = ffi.load(library or "centra")

    -- centra_options_init and centra_report_init are macros in the header, which call these.
    function centra.options()
        local options = ffi.new("centra_options")
        C.centra_options_init_sized(options, ffi.sizeof(options))
        return options
    end
    function centra.report()
        local report = ffi.new("centra_report")
        C.centra_report_init_sized(report, ffi.sizeof(report))
        return report
    end

    -- An error of Lua for a call that was refused; else the status.
    function centra.check(status)
        if status < 0 then
            error(ffi.string(C.centra_status_message(status)) .. ": " .. ffi.string(C.centra_error_detail()), 2)
        end
        return status
    end

    return setmetatable(centra, { __index = C })
end
