-- Six points of the plane in two clusters: luajit example.lua HEADER [LIBRARY]
package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ffi = require("ffi")
local centra = require("centra")(arg[1], arg[2])

local n, d, k = 6, 2, 2
local points = ffi.new("double[?]", n * d, { 1, 1, 2, 1, 1, 2, 8, 8, 9, 8, 8, 9 }) -- row after row
local centers, labels = ffi.new("double[?]", k * d), ffi.new("int32_t[?]", n)
local options, report = centra.options(), centra.report()
options.seed = 42
options.label_base = 1 -- as Lua counts

centra.check(centra.centra_fit(points, n, d, d, k, options, centers, labels, report, nil, 0))
for p = 0, n - 1 do
    local j = labels[p] - 1
    print(("(%g, %g) is in cluster %d, around (%g, %g)"):format(points[d * p], points[d * p + 1], labels[p], centers[d * j], centers[d * j + 1]))
end
print(("inertia %g after %d iterations"):format(report.inertia, tonumber(report.iterations)))
