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
    local x, y, center_x, center_y = points[d * p], points[d * p + 1], centers[d * j], centers[d * j + 1]
    print(("(%g, %g) is in cluster %d, around (%g, %g)"):format(x, y, labels[p], center_x, center_y))
end
print(("inertia %g after %d iterations"):format(report.inertia, tonumber(report.iterations)))
