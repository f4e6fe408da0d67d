-- luajit test.lua HEADER LIBRARY GOLDEN: the answers of tests/data/golden.txt to the bit, a refusal, a callback.
package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ffi = require("ffi")
local centra = require("centra")(arg[1], arg[2])

local checks = 0
local function check(holds, what)
    if not holds then
        error(what, 2)
    end
    checks = checks + 1
end

local text = {}
for line in io.lines(arg[3]) do
    text[#text + 1] = line:sub(1, 1) ~= "#" and line or nil
end
local words = table.concat(text, "\n"):gmatch("%S+")
local function keyword(expected)
    local word = words()
    assert(word == expected, word)
end
local function number(name)
    keyword(name)
    return tonumber(words())
end

-- How bits become a value: a number of Lua holds 53, so that those of a double come in two halves, the lower one first in memory.
local bits = {
    f64 = function(word)
        local halves = ffi.new("uint32_t[2]", tonumber(word:sub(9), 16), tonumber(word:sub(1, 8), 16))
        return ffi.cast("double *", halves)[0]
    end,
    f32 = function(word)
        return ffi.cast("float *", ffi.new("uint32_t[1]", tonumber(word, 16)))[0]
    end,
    u8 = function(word)
        return tonumber(word, 16)
    end,
}
local c_type = { f64 = "double[?]", f32 = "float[?]", u8 = "uint8_t[?]" }
local function values(name, kind, count)
    keyword(name)
    local all = ffi.new(c_type[kind], count)
    for i = 0, count - 1 do
        all[i] = bits[kind](words())
    end
    return all
end
local function same(a, b, count)
    return ffi.string(a, 8 * count) == ffi.string(b, 8 * count)
end

local suffix = { f64 = "", f32 = "_f32", u8 = "_u8" }
local cases = 0
while words() == "case" do
    local name = words()
    keyword("type")
    local kind = words()
    local n, d, k = number("n"), number("d"), number("k")
    local init, seed, weighted = number("init"), number("seed"), number("weighted") == 1
    for _ = 1, number("chunks") do
        words()
    end
    local points = values("points", kind, n * d)
    local weights = weighted and values("weights", "f64", n) or nil
    local start = values("start", "f64", k * d)
    keyword("labels")
    local expected = {}
    for p = 1, n do
        expected[p] = tonumber(words())
    end
    local expected_centers = values("centers", "f64", k * d)
    local expected_inertia, iterations = values("inertia", "f64", 1), number("iterations")

    local options, report = centra.options(), centra.report()
    options.seed, options.init, options.weights = seed, init, weights
    local centers, labels = ffi.new("double[?]", k * d), ffi.new("int32_t[?]", n)
    centra.check(centra["centra_seed" .. suffix[kind]](points, n, d, d, k, options, centers, nil, 0))
    check(same(centers, start, k * d), name .. ": start")
    for threads = 1, 2 do
        options.threads = threads
        centra.check(centra["centra_fit" .. suffix[kind]](points, n, d, d, k, options, centers, labels, report, nil, 0))
        for p = 1, n do
            check(labels[p - 1] == expected[p], name .. ": labels")
        end
        check(same(centers, expected_centers, k * d), name .. ": centers")
        check(same(ffi.new("double[1]", report.inertia), expected_inertia, 1), name .. ": inertia")
        check(report.iterations == iterations, name .. ": iterations")
    end
    cases = cases + 1
end
check(cases == 8, "all cases")

-- A refused call is an error that names the place, and writes nothing.
local points = ffi.new("double[4]", { 1, 2, 0 / 0, 4 })
local centers = ffi.new("double[2]", { 7, 7 })
local fine, message = pcall(function()
    centra.check(centra.centra_fit(points, 2, 2, 2, 1, nil, centers, nil, nil, nil, 0))
end)
check(not fine and message:find("points: NaN at row 1, dimension 0", 1, true), message)
check(centers[0] == 7 and centers[1] == 7, "nothing is written")

-- A callback of Lua, called on this thread; it must be freed. The call that leads to it must not be compiled.
local options, seen = centra.options(), 0
local callback = ffi.cast("centra_progress_fn", function(progress)
    seen = seen + 1
    check(progress.iteration == seen, "iterations count from 1")
    return 1
end)
options.progress = callback
local function fit()
    return centra.centra_fit(ffi.new("double[4]", { 1, 2, 8, 9 }), 4, 1, 1, 2, options, centers, nil, nil, nil, 0)
end
jit.off(fit)
check(fit() == centra.CENTRA_CANCELLED and seen == 1, "the callback stops the fit")
callback:free()
print(("luajit: %d checks passed"):format(checks))
