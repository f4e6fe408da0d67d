% Six points of the plane in two clusters: octave centra_example.m, with the folder of centra_kmeans.mex on the path.
points = [1 1; 2 1; 1 2; 8 8; 9 8; 8 9];
[labels, centers, inertia, iterations] = centra_kmeans (points, 2, struct ("seed", 42));
for p = 1:rows (points)
  printf ("(%g, %g) is in cluster %d, around (%g, %g)\n", points(p, :), labels(p), centers(labels(p), :));
end
printf ("inertia %g after %d iterations\n", inertia, iterations);
