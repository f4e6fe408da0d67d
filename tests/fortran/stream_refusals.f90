!> What the procedures for chunks refuse: the status, a message that names the argument, and every argument as it was.
program stream_refusals
  use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use centra
  use checks
  implicit none

  integer, parameter :: d = 5, n = 400, k = 6
  integer(int64), parameter :: total = n
  real(real64) :: good_points(d, n), points(d, n), weights(n), centers(d, k), before(d, k), distances(n), nan
  real(real64), allocatable :: rows(:, :), few_rows(:, :)
  integer(int32) :: range(3 * (d + 1)), good(3 * (d + 1)), labels(n), status
  integer(int64), allocatable :: sums(:), clean(:), wide(:)
  integer(int64) :: masses(CENTRA_STREAM_MASS_DIGITS), tally(4), drawn, of_round, of_all, bytes
  type(centra_stream_state) :: state
  type(kmeans_options) :: options
  character(len=160) :: message

  nan = ieee_value(nan, ieee_quiet_nan)
  call real_points(3, good_points)
  weights = 1
  points = good_points
  centers = points(:, :k)
  before = centers
  good = 0
  call kmeans_stream_range(points, good)
  allocate (clean(kmeans_stream_sums_length(centers, total, good)), source=0_int64)
  sums = clean
  allocate (wide(2 * size(clean)), source=0_int64)
  range = good
  labels = 77
  masses = 0
  tally = 1
  drawn = 0
  options%empty = CENTRA_EMPTY_KEEP
  call kmeans_stream_candidates(centers, of_round, of_all)
  allocate (rows(d, of_round), few_rows(d, of_round - 1))
  rows = 5

  call kmeans_stream_range(points, range(:4), status=status, message=message)
  call expect('a short range', CENTRA_ERR_SHAPE, 'range: 4 elements for 18 ')
  bytes = kmeans_stream_range_length(0, status, message)
  call expect('no dimensions', CENTRA_ERR_SHAPE, 'd = 0')
  call check('no length', bytes == 0)
  bytes = kmeans_stream_sums_length(centers, 5_int64, range, status, message)
  call expect('fewer points than centers', CENTRA_ERR_SHAPE, 'k = 6 is more than total = 5')
  bytes = kmeans_stream_workspace_size(points, centers, -1_int64, status=status, message=message)
  call expect('a negative total', CENTRA_ERR_SHAPE, 'total = -1')

  points(2, 9) = nan
  call kmeans_stream_range(points, range, status=status, message=message)
  call expect('range of NaN', CENTRA_ERR_NONFINITE, 'points: NaN at row 8, dimension 1')
  call kmeans_stream_sums(points, centers, total, range, sums, labels, status=status, message=message)
  call expect('sums of NaN', CENTRA_ERR_NONFINITE, 'points: NaN at row 8, dimension 1')
  call kmeans_stream_masses(points, centers, total, range, centers, masses, status=status, message=message)
  call expect('masses of NaN', CENTRA_ERR_NONFINITE, 'points: NaN at row 8, dimension 1')
  call kmeans_stream_draw(points, centers, total, range, masses, centers, 0, 1_int64, rows, drawn, status=status, &
      message=message)
  call expect('draw of NaN', CENTRA_ERR_NONFINITE, 'points: NaN at row 8, dimension 1')
  call kmeans_stream_weigh(points, centers, total, range, centers(:, :4), tally, status=status, message=message)
  call expect('weigh of NaN', CENTRA_ERR_NONFINITE, 'points: NaN at row 8, dimension 1')
  points(2, 9) = 1e6_real64
  call kmeans_stream_sums(points, centers, total, range, sums, labels, status=status, message=message)
  call expect('sums beyond the range', CENTRA_ERR_RANGE, 'points: 1000000 at row 8, dimension 1 is not in the range')
  points = good_points

  call kmeans_stream_sums(points, centers, total, range, sums(2:), labels, status=status, message=message)
  call expect('short sums', CENTRA_ERR_SHAPE, 'sums: ')
  call kmeans_stream_sums(points, centers, total, range, wide(::2), labels, status=status, message=message)
  call expect('sums with gaps', CENTRA_ERR_SHAPE, 'sums: not contiguous')
  call kmeans_stream_sums(points, centers, total, range, sums, labels(2:), status=status, message=message)
  call expect('short labels', CENTRA_ERR_SHAPE, 'labels: 399 elements for 400 points')
  call kmeans_stream_sums(points, centers, total, range, sums, labels, 4, status=status, message=message)
  call expect('wanted', CENTRA_ERR_OPTION, 'wanted: 4')
  call kmeans_stream_sums(points, centers, total, range, sums, wanted=CENTRA_STREAM_MOVED, status=status, message=message)
  call expect('moved without labels', CENTRA_ERR_NULL, 'labels')
  call kmeans_stream_sums(points, centers, total, range, sums, labels, weights=weights, status=status, message=message)
  call expect('weights that the range has not', CENTRA_ERR_WEIGHTS, 'weights')
  call kmeans_stream_sums(points(2:, :), centers, total, range, sums, labels, status=status, message=message)
  call expect('centers of more dimensions', CENTRA_ERR_SHAPE, 'centers')

  call kmeans_stream_means(centers, total, range, sums, status=status, message=message)
  call expect('means of nothing', CENTRA_ERR_SHAPE, 'sums: the counts add up to 0, but total = 400')
  call kmeans_stream_step(centers, total, range, sums, state, status=status, message=message)
  call expect('a step of nothing', CENTRA_ERR_SHAPE, 'sums: the counts add up to 0, but total = 400')
  centers(:, 2) = centers(:, 1)
  call kmeans_stream_sums(points, centers, total, range, sums)
  call kmeans_stream_step(centers, total, range, sums, state, status=status, message=message)
  centers = before
  sums = clean
  call expect('a step with an empty cluster', CENTRA_ERR_EMPTY, 'cluster 1')
  state%struct_size = 8
  call kmeans_stream_step(centers, total, range, sums, state, status=status, message=message)
  state%struct_size = 0
  call expect('a state of another size', CENTRA_ERR_OPTION, 'struct_size')

  call kmeans_stream_masses(points, centers, total, range, centers, masses(2:), status=status, message=message)
  call expect('short masses', CENTRA_ERR_SHAPE, 'masses: 68 elements for 69')
  call kmeans_stream_masses(points, centers, total, range, centers, masses, distances(2:), status=status, message=message)
  call expect('short distances', CENTRA_ERR_SHAPE, 'distances: 399')
  call kmeans_stream_masses(points, centers, total, range, centers, masses, distances, 7_int64, status=status, &
      message=message)
  call expect('more known than there are', CENTRA_ERR_SHAPE, 'known: 7 of 6')
  call kmeans_stream_masses(points, centers, total, range, centers, masses, known=-1_int64, status=status, message=message)
  call expect('fewer than none', CENTRA_ERR_SHAPE, 'known')
  call kmeans_stream_masses(points, centers, total, range, centers(2:, :), masses, status=status, message=message)
  call expect('candidates of fewer dimensions', CENTRA_ERR_SHAPE, 'candidates: 4 coordinates each')
  call kmeans_stream_draw(points, centers, total, range, masses, centers, 0, 0_int64, rows, drawn, status=status, &
      message=message)
  call expect('first from 0', CENTRA_ERR_SHAPE, 'first')
  call kmeans_stream_draw(points, centers, total, range, masses, centers, 0, 2_int64, rows, drawn, status=status, &
      message=message)
  call expect('beyond the last', CENTRA_ERR_SHAPE, 'first = 1: 400 points from there on')
  call kmeans_stream_draw(points, centers, total, range, masses, centers, -1, 1_int64, rows, drawn, status=status, &
      message=message)
  call expect('a negative round', CENTRA_ERR_SHAPE, 'round')
  call kmeans_stream_draw(points, centers, total, range, masses, centers, 0, 1_int64, few_rows, drawn, status=status, &
      message=message)
  call expect('room for too few', CENTRA_ERR_SHAPE, 'rows')
  call kmeans_stream_weigh(points, centers, total, range, centers, tally, status=status, message=message)
  call expect('weights of other candidates', CENTRA_ERR_SHAPE, &
    'candidate weights: 4 elements for 6 in kmeans_stream_weights_length')
  tally(1) = -1
  call kmeans_stream_choose(centers, total, range, centers(:, :4), tally, status=status, message=message)
  tally(1) = 1
  ! Candidates here are part of the centers, which is refused before anything is read.
  call expect('centers that are candidates', CENTRA_ERR_ALIAS, 'candidates')
  tally(1) = -1
  call kmeans_stream_choose(centers, total, range, rows(:, :4), tally, status=status, message=message)
  tally(1) = 1
  call expect('a negative weight', CENTRA_ERR_WEIGHTS, 'candidate weights')
  call check('not due', .not. kmeans_stream_due(centers, 1, -1_int64, masses, status, message))
  call expect('a negative count', CENTRA_ERR_SHAPE, 'count')
  call finish('stream_refusals')

contains

  subroutine expect(what, code, naming)
    character(len=*), intent(in) :: what, naming
    integer(int32), intent(in) :: code
    call check(what // ': status', status == code)
    if (status /= code) print '(2a, i0, 2a)', what, ' gave ', status, ': ', trim(message)
    call check(what // ': message', index(message, naming) > 0)
    if (index(message, naming) == 0) print '(5a)', what, ' said "', trim(message), '" without ', naming
    call check(what // ': untouched', all(range == good) .and. all(labels == 77) .and. same(centers, before) &
        .and. all(sums == clean) .and. all(wide == 0) .and. all(masses == 0) .and. all(tally == 1) .and. drawn == 0 &
        .and. same(minval(rows), 5.0_real64) .and. same(maxval(rows), 5.0_real64) .and. state%struct_size == 0 &
        .and. state%iterations == 0)
    status = 99
    message = 'as it was'
  end subroutine expect

end program stream_refusals
