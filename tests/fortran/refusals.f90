!> Every kind of refused argument: the status, a message that names the argument, untouched outputs.
program refusals
  use, intrinsic :: ieee_arithmetic, only: ieee_negative_inf, ieee_positive_inf, ieee_quiet_nan, &
      ieee_value
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
  use centra
  use checks
  implicit none

  integer, parameter :: d = 3, n = 50, k = 4
  real(real64) :: good(d, n), points(d, n), centers(d, k), start(d, k), weights(n), far(n), inertia
  real(real64) :: table(k, n)
  integer(int32) :: labels(n), good_labels(n)
  integer(int64) :: counts(k)
  type(kmeans_options) :: options, plain
  type(centra_report) :: report
  integer(int8), allocatable :: workspace(:)
  integer(int32) :: status
  character(len=120) :: message
  real(real64) :: nan, infinity

  nan = ieee_value(nan, ieee_quiet_nan)
  infinity = ieee_value(infinity, ieee_positive_inf)
  call real_points(5, good)
  good_labels = 1
  good_labels(::2) = k
  good_labels(::5) = 2
  good_labels(::7) = 3
  start = good(:, 11:10 + k)

  call shapes()
  call option_values()
  call bad_points()
  call bad_centers()
  call bad_weights()
  call bad_labels()
  call bad_workspace()
  call empty_clusters()
  call short_messages()
  call finish('refusals')

contains

  !> Everything as it should be, and the outputs with values to recognise.
  subroutine reset()
    points = good
    centers = start
    weights = 1
    labels = 77
    counts = 78
    far = 79
    inertia = 80
    table = 83
    report = centra_report(iterations=81, inertia=82)
    options = plain
    options%init = CENTRA_INIT_GIVEN
    status = 99
    message = 'as it was'
  end subroutine reset

  subroutine expect(what, code, naming)
    character(len=*), intent(in) :: what, naming
    integer(int32), intent(in) :: code
    call check(what // ': status', status == code)
    if (status /= code) print '(2a, i0, 2a)', what, ' gave ', status, ': ', trim(message)
    call check(what // ': message', index(message, naming) > 0)
    if (index(message, naming) == 0) print '(5a)', what, ' said "', trim(message), '" without ', naming
    call check(what // ': outputs untouched', all(labels == 77) .and. all(counts == 78) &
        .and. same(far, spread(79.0_real64, 1, n)) .and. same(inertia, 80.0_real64) &
        .and. report%iterations == 81 .and. same(report%inertia, 82.0_real64))
    status = 99
    message = 'as it was'
  end subroutine expect

  !> For every procedure that takes them: points, centers, options as they are now.
  subroutine expect_all(what, code, naming, but_update)
    character(len=*), intent(in) :: what, naming
    integer(int32), intent(in) :: code
    logical, intent(in), optional :: but_update
    real(real64) :: before(d, k)
    before = centers
    call kmeans_fit(points, centers, labels, options, report=report, status=status, message=message)
    call expect('fit: ' // what, code, naming)
    call kmeans_assign(points, centers, labels, far, options, status=status, message=message)
    call expect('assign: ' // what, code, naming)
    call kmeans_inertia(points, centers, good_labels, inertia, options, status=status, message=message)
    call expect('inertia: ' // what, code, naming)
    if (.not. present(but_update)) then
      call kmeans_update(points, good_labels, centers, counts, options, status=status, message=message)
      call expect('update: ' // what, code, naming)
      options%init = CENTRA_INIT_RANDOM
      call kmeans_seed(points, centers, options, status=status, message=message)
      call expect('seed: ' // what, code, naming)
    end if
    call check(what // ': centers untouched', same(centers, before))
  end subroutine expect_all

  subroutine shapes()
    real(real64) :: flat(d - 1, k), none(d, 0), nothing(0, n), no_centers(0, k), no_points(d, 0)
    real(real64) :: crowd(d, n + 1), grid(2 * d, 2 * n), loose(d, 2 * k), columns(n, d)
    integer(int32) :: short(n - 1), spaced(2 * n)
    integer(int64) :: few(k - 1)
    real(real64) :: light(n + 1), every_other(2 * n)
    integer(int64) :: bytes

    call reset()
    flat = 1
    call kmeans_fit(points, flat, labels, status=status, message=message)
    call expect('centers of fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_assign(points, flat, labels, status=status, message=message)
    call expect('assign to fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_seed(points, flat, status=status, message=message)
    call expect('seed fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_update(points, good_labels, flat, counts, status=status, message=message)
    call expect('update fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_inertia(points, flat, good_labels, inertia, status=status, message=message)
    call expect('inertia in fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_distances(points, flat, table, status=status, message=message)
    call expect('distances in fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_clusters(points, flat, good_labels, counts, status=status, message=message)
    call expect('clusters in fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call kmeans_distances(points, centers, table(2:, :), status=status, message=message)
    call expect('distances: too few centers', CENTRA_ERR_SHAPE, 'sqdist')
    call kmeans_distances(points, centers, table(:, 2:), status=status, message=message)
    call expect('distances: too few points', CENTRA_ERR_SHAPE, 'sqdist')
    call kmeans_distances(points, centers, table(k:1:-1, :), status=status, message=message)
    call expect('distances: backwards', CENTRA_ERR_SHAPE, 'sqdist: the elements of a column')
    call kmeans_distances(points, centers, table(:, n:1:-1), status=status, message=message)
    call expect('distances: columns backwards', CENTRA_ERR_SHAPE, 'sqdist: the columns run backwards')
    call check('table untouched', same(table, spread(spread(83.0_real64, 1, k), 2, n)))
    call check('flat centers untouched', same(flat, spread(spread(1.0_real64, 1, d - 1), 2, k)))
    bytes = kmeans_workspace_size(points, flat, status=status, message=message)
    call expect('workspace size for fewer dimensions', CENTRA_ERR_SHAPE, 'centers')
    call check('no bytes', bytes == 0)

    short = 77
    call kmeans_fit(points, centers, short, status=status, message=message)
    call expect('fit: short labels', CENTRA_ERR_SHAPE, 'labels: 49 elements for 50 points')
    call kmeans_assign(points, centers, short, status=status, message=message)
    call expect('assign: short labels', CENTRA_ERR_SHAPE, 'labels')
    call check('short labels untouched', all(short == 77))
    short = 1
    call kmeans_update(points, short, centers, status=status, message=message)
    call expect('update: short labels', CENTRA_ERR_SHAPE, 'labels')
    call kmeans_inertia(points, centers, short, inertia, status=status, message=message)
    call expect('inertia: short labels', CENTRA_ERR_SHAPE, 'labels')
    call kmeans_clusters(points, centers, short, counts, status=status, message=message)
    call expect('clusters: short labels', CENTRA_ERR_SHAPE, 'labels')
    call kmeans_clusters(points, centers, good_labels, sums=far, status=status, message=message)
    call expect('clusters: sums for more', CENTRA_ERR_SHAPE, 'sums')
    call kmeans_clusters(points, centers, good_labels, inertias=far, status=status, message=message)
    call expect('clusters: inertias for more', CENTRA_ERR_SHAPE, 'inertias')
    light = 1
    call kmeans_fit(points, centers, labels, weights=light, status=status, message=message)
    call expect('fit: weights for more', CENTRA_ERR_SHAPE, 'weights: 51 elements for 50 points')
    call kmeans_seed(points, centers, weights=light(:0), status=status, message=message)
    call expect('seed: no weights', CENTRA_ERR_SHAPE, 'weights')
    call kmeans_update(points, good_labels, centers, weights=light, status=status, message=message)
    call expect('update: weights for more', CENTRA_ERR_SHAPE, 'weights')
    call kmeans_inertia(points, centers, good_labels, inertia, weights=light, status=status, &
        message=message)
    call expect('inertia: weights for more', CENTRA_ERR_SHAPE, 'weights')
    call kmeans_assign(points, centers, labels, far(2:), status=status, message=message)
    call expect('assign: short distances', CENTRA_ERR_SHAPE, 'sqdist')
    few = 3
    call kmeans_update(points, good_labels, centers, few, status=status, message=message)
    call expect('update: short counts', CENTRA_ERR_SHAPE, 'counts: 3 elements for 4 centers')
    call check('short counts untouched', all(few == 3))

    ! What a copy could make contiguous is refused, too: the library does not copy.
    spaced = 77
    call kmeans_fit(points, centers, spaced(::2), status=status, message=message)
    call expect('labels with gaps', CENTRA_ERR_SHAPE, 'labels')
    every_other = 1
    call kmeans_fit(points, centers, weights=every_other(2::2), status=status, message=message)
    call expect('weights with gaps', CENTRA_ERR_SHAPE, 'weights')
    call kmeans_assign(points, centers, labels, every_other(::2), status=status, message=message)
    call expect('distances with gaps', CENTRA_ERR_SHAPE, 'sqdist')
    loose = 1
    call kmeans_fit(points, loose(:, ::2), labels, status=status, message=message)
    call expect('centers with gaps', CENTRA_ERR_SHAPE, 'centers')
    grid = 1
    call kmeans_fit(grid(::2, ::2), centers, labels, status=status, message=message)
    call expect('points with gaps inside', CENTRA_ERR_SHAPE, 'points')
    call kmeans_fit(grid(d:1:-1, :n), centers, labels, status=status, message=message)
    call expect('coordinates backwards', CENTRA_ERR_SHAPE, 'points')
    call kmeans_fit(grid(:d, n:1:-1), centers, labels, status=status, message=message)
    call expect('points backwards', CENTRA_ERR_SHAPE, 'points')

    columns = transpose(points)
    call kmeans_fit(columns, centers, labels, status=status, message=message)
    call expect('columns without saying so', CENTRA_ERR_SHAPE, 'centers')

    call kmeans_fit(points, none, labels, status=status, message=message)
    call expect('no clusters', CENTRA_ERR_SHAPE, 'k = 0')
    call kmeans_fit(no_points, centers, labels(:0), status=status, message=message)
    call expect('no points', CENTRA_ERR_SHAPE, 'n = 0')
    call kmeans_fit(nothing, no_centers, labels, status=status, message=message)
    call expect('no dimensions', CENTRA_ERR_SHAPE, 'd = 0')
    crowd = 1
    call kmeans_fit(points, crowd, labels, status=status, message=message)
    call expect('more clusters than points', CENTRA_ERR_SHAPE, 'k = 51')
    call kmeans_seed(points, crowd, status=status, message=message)
    call expect('more centers than points', CENTRA_ERR_SHAPE, 'k = 51')
    bytes = kmeans_workspace_size(-10, 2, 2, status=status, message=message)
    call expect('workspace size, negative', CENTRA_ERR_SHAPE, 'negative')
    bytes = bytes + kmeans_workspace_size(huge(0_int64), 2_int64, 2_int64, status=status, &
        message=message)
    call expect('workspace size, overflow', CENTRA_ERR_SHAPE, '')
    call check('no bytes when refused', bytes == 0)
    call check('shapes: centers untouched', same(centers, start))
  end subroutine shapes

  subroutine option_values()
    integer :: which
    integer(int64) :: bytes
    character(len=8) :: name
    do which = 1, 11
      call reset()
      select case (which)
      case (1)
        name = 'init'
        options%init = 4
      case (2)
        name = 'empty'
        options%empty = -1
      case (3)
        name = 'layout'
        options%layout = 2
      case (4)
        name = 'threads'
        options%threads = -1
      case (5)
        name = 'n_init'
        options%n_init = 0
      case (6)
        name = 'max_iter'
        options%max_iter = -1
      case (7)
        name = 'tol'
        options%tol = -1e-300_real64
      case (8)
        name = 'tol'
        options%tol = nan
      case (9)
        name = 'tol'
        options%tol = infinity
      case (10)
        name = 'init'
        options%init = -1
      case (11)
        name = 'n_init'
        options%n_init = -huge(1_int32)
      end select
      bytes = kmeans_workspace_size(points, centers, options, status=status, message=message)
      call expect('workspace size: option ' // name, CENTRA_ERR_OPTION, trim(name))
      call check('no bytes', bytes == 0)
      call kmeans_fit(points, centers, labels, options, report=report, status=status, message=message)
      call expect('fit: option ' // name, CENTRA_ERR_OPTION, trim(name))
      call kmeans_assign(points, centers, labels, far, options, status=status, message=message)
      call expect('assign: option ' // name, CENTRA_ERR_OPTION, trim(name))
      call kmeans_update(points, good_labels, centers, counts, options, status=status, message=message)
      call expect('update: option ' // name, CENTRA_ERR_OPTION, trim(name))
      call kmeans_inertia(points, centers, good_labels, inertia, options, status=status, &
          message=message)
      call expect('inertia: option ' // name, CENTRA_ERR_OPTION, trim(name))
      if (options%init == CENTRA_INIT_GIVEN) options%init = CENTRA_INIT_RANDOM
      call kmeans_seed(points, centers, options, status=status, message=message)
      call expect('seed: option ' // name, CENTRA_ERR_OPTION, trim(name))
      call check('option: centers untouched', same(centers, start))
    end do
    call reset()
    call kmeans_seed(points, centers, options, status=status, message=message)
    call expect('seed: given', CENTRA_ERR_OPTION, 'init')
    call check('seed: given, centers untouched', same(centers, start))
  end subroutine option_values

  subroutine bad_points()
    call reset()
    points(2, 8) = nan
    call expect_all('NaN in points', CENTRA_ERR_NONFINITE, 'points: NaN at row 7, dimension 1')
    call reset()
    points(d, n) = infinity
    call expect_all('infinity in points', CENTRA_ERR_NONFINITE, 'points')
    call reset()
    points(1, 1) = ieee_value(nan, ieee_negative_inf)
    call expect_all('-infinity in points', CENTRA_ERR_NONFINITE, 'points')
    call reset()
    points(3, 30) = 1e200_real64
    call expect_all('distances overflow', CENTRA_ERR_RANGE, 'dimension 2')
  end subroutine bad_points

  subroutine bad_centers()
    call reset()
    centers(2, 3) = nan
    call expect_all('NaN in centers', CENTRA_ERR_NONFINITE, 'centers', but_update=.true.)
    call reset()
    centers(1, k) = infinity
    call expect_all('infinity in centers', CENTRA_ERR_NONFINITE, 'centers', but_update=.true.)
    call reset()
    centers(1, 1) = -1e200_real64
    call expect_all('far center', CENTRA_ERR_RANGE, 'centers', but_update=.true.)
  end subroutine bad_centers

  subroutine bad_weights()
    call reset()
    weights(13) = nan
    call with_weights('NaN in weights', CENTRA_ERR_NONFINITE)
    weights(13) = infinity
    call with_weights('infinity in weights', CENTRA_ERR_NONFINITE)
    weights(13) = -1e-300_real64
    call with_weights('negative weight', CENTRA_ERR_WEIGHTS)
    weights = 0
    call with_weights('no weight at all', CENTRA_ERR_WEIGHTS)
    weights = 1
    weights(2) = huge(1.0_real64)
    call with_weights('huge weight', CENTRA_ERR_RANGE)
  end subroutine bad_weights

  subroutine with_weights(what, code)
    character(len=*), intent(in) :: what
    integer(int32), intent(in) :: code
    call kmeans_fit(points, centers, labels, options, weights, report, status=status, message=message)
    call expect('fit: ' // what, code, 'weight')
    call kmeans_update(points, good_labels, centers, counts, options, weights, status=status, &
        message=message)
    call expect('update: ' // what, code, 'weight')
    call kmeans_inertia(points, centers, good_labels, inertia, options, weights, status=status, &
        message=message)
    call expect('inertia: ' // what, code, 'weight')
    call kmeans_seed(points, centers, plain, weights, status=status, message=message)
    call expect('seed: ' // what, code, 'weight')
    call check(what // ': centers untouched', same(centers, start))
  end subroutine with_weights

  subroutine bad_labels()
    integer(int32), parameter :: wrong(4) = [0, -1, k + 1, huge(1)]
    integer(int32) :: some(n)
    integer :: i
    call reset()
    do i = 1, size(wrong)
      some = good_labels
      some(41) = wrong(i)
      call kmeans_update(points, some, centers, counts, options, status=status, message=message)
      call expect('update: label out of range', CENTRA_ERR_LABEL, 'label')
      call kmeans_inertia(points, centers, some, inertia, options, status=status, message=message)
      call expect('inertia: label out of range', CENTRA_ERR_LABEL, 'label')
      call kmeans_clusters(points, centers, some, counts, options=options, status=status, message=message)
      call expect('clusters: label out of range', CENTRA_ERR_LABEL, 'label')
    end do
    call check('labels: centers untouched', same(centers, start))
  end subroutine bad_labels

  subroutine bad_workspace()
    integer(int64) :: bytes
    call reset()
    bytes = kmeans_workspace_size(points, centers, options)
    allocate (workspace(bytes + 8))
    workspace = 5
    ! The size is for the neediest call; a cheaper one may do with less, but not with nothing.
    call with_workspace('too small', workspace(:16))
    bytes = kmeans_workspace_size(points, centers, options)
    call with_workspace('misaligned', workspace(2:bytes + 1))
    call with_workspace('no bytes', workspace(:0))
    call check('workspace: untouched', all(workspace == 5))
    call kmeans_fit(points, centers, workspace=workspace(::2), status=status, message=message)
    call expect('workspace with gaps', CENTRA_ERR_SHAPE, 'workspace')
    call check('workspace: centers untouched', same(centers, start))
  end subroutine bad_workspace

  subroutine with_workspace(what, buffer)
    character(len=*), intent(in) :: what
    integer(int8), intent(inout) :: buffer(:)
    call kmeans_fit(points, centers, labels, options, report=report, workspace=buffer, status=status, &
        message=message)
    call expect('fit: workspace ' // what, CENTRA_ERR_WORKSPACE, 'workspace')
    call kmeans_assign(points, centers, labels, far, options, buffer, status=status, message=message)
    call expect('assign: workspace ' // what, CENTRA_ERR_WORKSPACE, 'workspace')
    call kmeans_update(points, good_labels, centers, counts, options, workspace=buffer, &
        status=status, message=message)
    call expect('update: workspace ' // what, CENTRA_ERR_WORKSPACE, 'workspace')
    call kmeans_seed(points, centers, plain, workspace=buffer, status=status, message=message)
    call expect('seed: workspace ' // what, CENTRA_ERR_WORKSPACE, 'workspace')
  end subroutine with_workspace

  subroutine empty_clusters()
    integer(int32) :: some(n)
    call reset()
    options%empty = CENTRA_EMPTY_ERROR
    centers(:, 2) = centers(:, 1)
    start = centers
    call kmeans_fit(points, centers, labels, options, report=report, status=status, message=message)
    call expect('fit: empty cluster', CENTRA_ERR_EMPTY, 'cluster')
    some = good_labels
    where (some == 3) some = 1
    call kmeans_update(points, some, centers, counts, options, status=status, message=message)
    call expect('update: empty cluster', CENTRA_ERR_EMPTY, 'cluster')
    call check('empty: centers untouched', same(centers, start))
  end subroutine empty_clusters

  !> A message that does not fit is cut, as errmsg= is; the status needs no message, nor it a status.
  subroutine short_messages()
    character(len=9) :: short
    call reset()
    points(1, 1) = nan
    short = ' '
    call kmeans_fit(points, centers, status=status, message=short)
    call check('short message', status == CENTRA_ERR_NONFINITE .and. short == 'points: N')
    call kmeans_fit(points, centers, status=status)
    call check('status alone', status == CENTRA_ERR_NONFINITE)
    call check('the detail stays', index(centra_string(centra_error_detail()), 'points: NaN') == 1)
    points = good
    message = 'as it was'
    call kmeans_fit(points, centers, status=status, message=message)
    call check('nothing to say', status == CENTRA_OK .and. message == 'as it was')
  end subroutine short_messages

end program refusals
