% octave centra_test.m GOLDEN: the answers of tests/data/golden.txt to the bit, and what is refused.
1;

function word = next ()
  global words at
  word = words{at++};
end

function keyword (expected)
  assert (next (), expected);
end

function value = number (name)
  keyword (name);
  value = str2double (next ());
end

function values = matrix (name, class, m, n)
  global words at
  keyword (name);
  taken = char (words(at:at + m * n - 1));
  at += m * n;
  if strcmp (class, "f64")
    values = hex2num (taken);
  elseif strcmp (class, "f32")
    values = hex2num (taken, "single");
  else
    values = uint8 (hex2dec (taken));
  end
  values = reshape (values, n, m)';
end

global words at
lines = strsplit (fileread (argv (){end}), "\n");
words = strsplit (strtrim (strjoin (lines(! strncmp (lines, "#", 1)), " ")));
at = 1;
cases = 0;
while strcmp (next (), "case")
  name = next ();
  keyword ("type");
  type = next ();
  n = number ("n");
  d = number ("d");
  k = number ("k");
  options.init = number ("init");
  options.seed = number ("seed");
  weighted = number ("weighted");
  for chunk = 1:number ("chunks")
    next ();
  end
  points = matrix ("points", type, n, d);
  if isfield (options, "weights")
    options = rmfield (options, "weights");
  end
  if weighted
    options.weights = matrix ("weights", "f64", n, 1);
  end
  start = matrix ("start", "f64", k, d);
  keyword ("labels");
  expected = int32 (str2double (words(at:at + n - 1)')) + 1;
  at += n;
  expected_centers = matrix ("centers", "f64", k, d);
  expected_inertia = matrix ("inertia", "f64", 1, 1);
  expected_iterations = number ("iterations");
  for threads = 1:2
    options.threads = threads;
    for from = {k, start}
      [labels, centers, inertia, iterations] = centra_kmeans (points, from{1}, options);
      assert (isequal (labels, expected), name);
      assert (isequal (centers, expected_centers), name);
      assert (isequal (inertia, expected_inertia), name);
      assert (isequal (iterations, expected_iterations), name);
    end
  end
  cases++;
end
assert (cases, 8);

function refused (id, text, varargin)
  try
    centra_kmeans (varargin{:});
  catch problem
    assert (problem.identifier, id);
    assert (! isempty (strfind (problem.message, text)), problem.message);
    return
  end
  error ("%s was not refused", text);
end
refused ("centra:refused", "points: NaN at row 1, dimension 0", [1 2; NaN 4], 1);
refused ("centra:refused", "k", [1 2; 3 4], 3);
refused ("centra:argument", "k is not a whole number from 0 to 2147483647", [1 2; 3 4], 1.5);
refused ("centra:argument", "seed is not a whole number", [1 2; 3 4], 1, struct ("seed", NaN));
refused ("centra:argument", "there is no option speed", [1 2; 3 4], 1, struct ("speed", 9));
refused ("centra:argument", "starting centers", [1 2; 3 4], [1 2 3]);
refused ("centra:argument", "weights are not n doubles", [1 2; 3 4], 1, struct ("weights", 1));
refused ("centra:argument", "points are no real matrix", {1}, 1);
refused ("centra:argument", "the call is");
printf ("octave: %d cases and 9 refusals\n", cases);
