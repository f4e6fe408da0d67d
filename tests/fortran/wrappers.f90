!> Every procedure of the Fortran interface, and that each says the same in every way it can be called.
module watching
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int32_t, c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, real64
  use centra
  implicit none
  type :: log_t
    integer(c_int64_t) :: calls = 0
    integer(c_int64_t) :: stop_at = huge(0_c_int64_t)
    integer(c_int64_t) :: last_moved = -1
    logical :: in_order = .true.
    integer(int32) :: inner_status = -99
  end type log_t
contains
  function watch(progress, user) result(stop_now) bind(C)
    type(centra_progress), intent(in) :: progress
    type(c_ptr), intent(in), value :: user
    integer(c_int32_t) :: stop_now
    type(log_t), pointer :: log
    call c_f_pointer(user, log)
    log%calls = log%calls + 1
    log%in_order = log%in_order .and. progress%restart == 0 .and. progress%iteration == log%calls &
        .and. progress%moved >= 0 .and. progress%shift >= 0
    log%last_moved = progress%moved
    stop_now = merge(1_c_int32_t, 0_c_int32_t, log%calls >= log%stop_at)
  end function watch

  !> Fits something else while a fit is under way.
  function fit_inside(progress, user) result(stop_now) bind(C)
    type(centra_progress), intent(in) :: progress
    type(c_ptr), intent(in), value :: user
    integer(c_int32_t) :: stop_now
    type(log_t), pointer :: log
    real(real64) :: points(1, 4), centers(1, 2)
    call c_f_pointer(user, log)
    log%calls = progress%iteration
    points(1, :) = [1.0_real64, 2.0_real64, 11.0_real64, 12.0_real64]
    call kmeans_fit(points, centers, status=log%inner_status)
    if (nint(sum(centers)) /= 13) log%inner_status = -98
    stop_now = 0
  end function fit_inside
end module watching

program wrappers
  use, intrinsic :: iso_c_binding, only: c_loc
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
  use centra
  use checks
  use watching
  implicit none

  call known_answer()
  call assign_by_definition()
  call update_by_definition()
  call few_points()
  call threads_agree()
  call parts_of_fit()
  call workspace_or_own()
  call sections()
  call weighted()
  call stopping()
  call restarts()
  call progress_and_cancel()
  call strings()
  call finish('wrappers')

contains

  !> The squared distance as the library defines it: eight running sums, then pairwise.
  function squared_distance(x, c) result(distance)
    real(real64), intent(in) :: x(:), c(:)
    real(real64) :: distance
    real(real64) :: s(0:7), t
    integer :: i
    s = 0
    do i = 1, size(x)
      t = x(i) - c(i)
      t = t * t
      s(mod(i - 1, 8)) = s(mod(i - 1, 8)) + t
    end do
    s(0:3) = s(0:3) + s(4:7)
    s(0:1) = s(0:1) + s(2:3)
    distance = s(0) + s(1)
  end function squared_distance

  subroutine known_answer()
    integer, parameter :: d = 3, k = 5
    real(real64) :: points(d, 8 * k), centers(d, k), inertia
    integer(int32) :: labels(8 * k)
    integer(int64) :: counts(k)
    type(kmeans_options) :: options
    type(centra_report) :: report
    integer :: j
    call blocks(points)
    ! One point of each cluster, from the last cluster to the first.
    do j = 1, k
      centers(:, j) = points(:, 8 * (k - j) + 3)
    end do
    options%init = CENTRA_INIT_GIVEN
    call kmeans_fit(points, centers, labels, options, report=report)
    call check('labels count from 1', minval(labels) == 1 .and. maxval(labels) == k)
    do j = 1, k
      call check('the cluster of a start', all(labels(8 * (k - j) + 1:8 * (k - j) + 8) == j))
      call check('its mean', same(centers(:, j), spread(100.0_real64 * (k - j + 1), 1, d)))
    end do
    call check('inertia', same(report%inertia, real(d * 8 * k, real64)))
    call check('one iteration', report%iterations == 1 .and. report%moved == 0)
    call check('converged', report%stopped_by == CENTRA_CONVERGED)
    call check('no empty clusters', report%empty_clusters == 0)
    call check('one thread', report%threads == 1)
    call check('work was counted', report%distances + report%skipped > 0 .and. report%rechecked >= 0)
    call check('seconds', min(report%seconds_scan, report%seconds_seed, report%seconds_assign, &
        report%seconds_update) >= 0)
    call kmeans_inertia(points, centers, labels, inertia)
    call check('inertia of its own', same(inertia, report%inertia))
    call kmeans_update(points, labels, centers, counts)
    call check('counts', all(counts == 8))
    ! And with k-means++ from nothing: the clusters are far enough apart to be found.
    centers = -7
    labels = 0
    call kmeans_fit(points, centers, labels, report=report)
    call check('k-means++ finds them', same(report%inertia, real(d * 8 * k, real64)))
    call kmeans_fit(points, centers)
    call check('without labels', same(minval(centers), 100.0_real64))
  end subroutine known_answer

  subroutine assign_by_definition()
    integer, parameter :: dims(*) = [1, 2, 3, 7, 8, 9, 17, 64]
    integer, parameter :: n = 301
    real(real64), allocatable :: points(:, :), centers(:, :)
    real(real64) :: sqdist(n), distance, least
    integer(int32) :: labels(n), alone(n), best
    logical :: labels_hold, distances_hold
    integer :: trial, p, j, k
    do trial = 1, size(dims)
      k = 10 + trial
      allocate (points(dims(trial), n), centers(dims(trial), k))
      call real_points(trial, points)
      call real_points(100 + trial, centers)
      ! Ties: the last center is the first one again.
      centers(:, k) = centers(:, 1)
      call kmeans_assign(points, centers, labels, sqdist)
      call kmeans_assign(points, centers, alone)
      labels_hold = .true.
      distances_hold = .true.
      do p = 1, n
        best = 0
        least = huge(least)
        do j = 1, k
          distance = squared_distance(points(:, p), centers(:, j))
          if (distance < least) then
            least = distance
            best = j
          end if
        end do
        labels_hold = labels_hold .and. labels(p) == best
        distances_hold = distances_hold .and. same(sqdist(p), least)
      end do
      call check('assign: labels by definition', labels_hold)
      call check('assign: distances by definition', distances_hold)
      call check('assign: same labels without distances', same(labels, alone))
      deallocate (points, centers)
    end do
  end subroutine assign_by_definition

  !> Whole coordinates: plain sums are exact, so the mean is a plain division.
  subroutine update_by_definition()
    integer, parameter :: d = 5, n = 1000, k = 7
    real(real64) :: points(d, n), centers(d, k), sums(d, k)
    integer(int32) :: labels(n)
    integer(int64) :: counts(k), expected(k)
    type(kmeans_options) :: options
    integer :: p, j
    call integer_points(3, 1000, points)
    sums = 0
    expected = 0
    do p = 1, n
      labels(p) = 1 + mod(p * p, 11) / 2          ! label 7 is never used
      sums(:, labels(p)) = sums(:, labels(p)) + points(:, p)
      expected(labels(p)) = expected(labels(p)) + 1
    end do
    centers = -3
    options%empty = CENTRA_EMPTY_KEEP
    call kmeans_update(points, labels, centers, counts, options)
    call check('update: counts', same(counts, expected))
    call check('update: an empty cluster is among them', any(expected == 0))
    do j = 1, k
      if (expected(j) == 0) then
        call check('update: kept center', same(centers(:, j), spread(-3.0_real64, 1, d)))
      else
        call check('update: mean', same(centers(:, j), sums(:, j) / real(expected(j), real64)))
      end if
    end do
  end subroutine update_by_definition

  !> Fewer points than centers, and none, wherever no centers are found.
  subroutine few_points()
    integer, parameter :: d = 3, k = 40
    integer, parameter :: numbers(6) = [0, 1, 7, 9, 17, 39]
    real(real64) :: points(d, k), columns(k, d), centers(d, k), means(d, k), distances(k), inertia
    real(real64) :: table(k + 2, k), sums(k), inertias(k)
    integer(int32) :: labels(k)
    integer(int64) :: counts(k)
    integer(int8), allocatable :: workspace(:)
    type(kmeans_options) :: options
    integer(int32) :: status
    integer :: i, j, n, p
    call real_points(9, points)
    call real_points(10, centers)
    columns = transpose(points)
    do i = 1, size(numbers)
      n = numbers(i)
      labels = -7
      distances = -7
      options%layout = CENTRA_ROWS
      allocate (workspace(kmeans_workspace_size(points(:, :n), centers)))
      call kmeans_assign(points(:, :n), centers, labels(:n), distances(:n), workspace=workspace)
      do p = 1, n
        call check('few points: nearest', same(distances(p), squared_distance(points(:, p), centers(:, labels(p)))))
        do j = 1, k
          call check('few points: none is nearer', squared_distance(points(:, p), centers(:, j)) >= distances(p))
        end do
      end do
      call check('few points: no more labels', all(labels(n + 1:) == -7))
      call check('few points: no more distances', same(distances(n + 1:), spread(-7.0_real64, 1, k - n)))
      call kmeans_inertia(points(:, :n), centers, labels(:n), inertia)
      call check('few points: inertia', abs(inertia - sum(distances(:n))) <= 1e-12_real64 * inertia)
      table = -7
      call kmeans_distances(points(:, :n), centers, table(:k, :n))
      do p = 1, n
        do j = 1, k
          call check('few points: distances', same(table(j, p), squared_distance(points(:, p), centers(:, j))))
        end do
      end do
      call check('few points: gaps', same(table(k + 1:, :), spread(spread(-7.0_real64, 1, 2), 2, k)))
      call check('few points: no more rows', same(table(:, n + 1:), spread(spread(-7.0_real64, 1, k + 2), 2, k - n)))
      call kmeans_clusters(points(:, :n), centers, labels(:n), counts, sums, inertias)
      do j = 1, k
        call check('few points: clusters', counts(j) == count(labels(:n) == j) .and. same(sums(j), real(counts(j), real64)))
        call check('few points: inertia of clusters', abs(inertias(j) - sum(distances(:n), labels(:n) == j)) &
            <= 1e-12_real64 * inertias(j))
      end do
      means = centers
      options%empty = CENTRA_EMPTY_KEEP
      call kmeans_update(points(:, :n), labels(:n), means, counts, options, workspace=workspace)
      do j = 1, k
        call check('few points: counts', counts(j) == count(labels(:n) == j))
        if (counts(j) == 0) call check('few points: kept', same(means(:, j), centers(:, j)))
      end do
      options%layout = CENTRA_COLUMNS
      labels(:n) = -8
      call kmeans_assign(columns(:n, :), centers, labels(:n), options=options)
      call check('few points: columns', all(labels(:n) > 0))
      call kmeans_inertia(columns(:n, :), means, labels(:n), inertia, options, status=status)
      call check('few points: inertia of columns', status == CENTRA_OK .and. inertia >= 0)
      table = -7
      call kmeans_distances(columns(:n, :), centers, table(:k, 1:n), options)
      do p = 1, n
        call check('few points: distances of columns', same(table(labels(p), p), distances(p)))
      end do
      call kmeans_clusters(columns(:n, :), centers, labels(:n), inertias=inertias, options=options)
      call check('few points: clusters of columns', all(inertias >= 0))
      deallocate (workspace)
    end do
  end subroutine few_points

  subroutine threads_agree()
    integer, parameter :: d = 4, n = 30000, k = 12
    real(real64), allocatable :: points(:, :)
    real(real64) :: one(d, k), two(d, k)
    integer(int32), allocatable :: labels_one(:), labels_two(:)
    real(real64), allocatable :: far_one(:), far_two(:)
    integer(int64) :: counts_one(k), counts_two(k)
    real(real64) :: inertia_one, inertia_two
    type(kmeans_options) :: options
    type(centra_report) :: report_one, report_two
    integer :: init
    allocate (points(d, n), labels_one(n), labels_two(n), far_one(n), far_two(n))
    call real_points(11, points)
    do init = CENTRA_INIT_KMEANSPP, CENTRA_INIT_RANDOM
      options%init = int(init, int32)
      options%max_iter = 12
      options%seed = -5
      options%threads = 1
      call kmeans_seed(points, one, options)
      call kmeans_fit(points, two, labels_one, options, report=report_one)
      options%threads = 2
      call check('seeds differ from the result', .not. same(one, two))
      call kmeans_seed(points, two, options)
      call check('seed: threads agree', same(one, two))
      options%threads = 1
      call kmeans_fit(points, one, labels_one, options, report=report_one)
      options%threads = 2
      call kmeans_fit(points, two, labels_two, options, report=report_two)
      call check('fit: two threads were used', report_one%threads == 1 .and. report_two%threads == 2)
      call check('fit: centers agree', same(one, two))
      call check('fit: labels agree', same(labels_one, labels_two))
      call check('fit: inertia agrees', same(report_one%inertia, report_two%inertia))
      call check('fit: iterations agree', report_one%iterations == report_two%iterations)
      call check('fit: the end agrees', report_one%stopped_by == report_two%stopped_by &
          .and. report_one%moved == report_two%moved)
      options%threads = 0
      labels_two = 0
      call kmeans_fit(points, two, labels_two, options, report=report_two)
      call check('fit: all cores agree', same(one, two) .and. same(labels_one, labels_two))
    end do
    call real_points(12, one)
    options%threads = 1
    call kmeans_assign(points, one, labels_one, far_one, options)
    call kmeans_inertia(points, one, labels_one, inertia_one, options)
    two = one
    options%threads = 2
    call kmeans_assign(points, two, labels_two, far_two, options)
    call kmeans_inertia(points, two, labels_two, inertia_two, options)
    call check('assign: threads agree', same(labels_one, labels_two) .and. same(far_one, far_two))
    call check('inertia: threads agree', same(inertia_one, inertia_two))
    options%threads = 1
    call kmeans_update(points, labels_one, one, counts_one, options)
    options%threads = 2
    call kmeans_update(points, labels_two, two, counts_two, options)
    call check('update: threads agree', same(one, two) .and. same(counts_one, counts_two))
  end subroutine threads_agree

  !> A fit is seed, then assign and update in turn.
  subroutine parts_of_fit()
    integer, parameter :: d = 3, n = 700, k = 9
    real(real64) :: points(d, n), whole(d, k), parts(d, k), inertia
    integer(int32) :: labels(n), previous(n), whole_labels(n)
    integer(int64) :: iterations
    type(centra_report) :: report
    type(kmeans_options) :: options
    call real_points(21, points)
    options%seed = 17
    call kmeans_fit(points, whole, whole_labels, options, report=report)
    call kmeans_seed(points, parts, options)
    call kmeans_assign(points, parts, labels)
    iterations = 0
    do
      previous = labels
      call kmeans_update(points, previous, parts)
      call kmeans_assign(points, parts, labels)
      iterations = iterations + 1
      if (same(labels, previous)) exit
    end do
    call kmeans_inertia(points, parts, labels, inertia)
    call check('parts: centers', same(whole, parts))
    call check('parts: labels', same(whole_labels, labels))
    call check('parts: inertia', same(report%inertia, inertia))
    call check('parts: iterations', report%iterations == iterations)
    call check('parts: converged', report%stopped_by == CENTRA_CONVERGED)
  end subroutine parts_of_fit

  subroutine workspace_or_own()
    integer, parameter :: d = 6, n = 900, k = 8
    real(real64) :: points(d, n), weights(n), own(d, k), given(d, k), far_own(n), far_given(n)
    integer(int32) :: own_labels(n), given_labels(n)
    integer(int8), allocatable :: workspace(:)
    integer(int64) :: bytes
    type(kmeans_options) :: options
    call real_points(31, points)
    weights = 1 + points(1, :)
    options%seed = 3
    bytes = kmeans_workspace_size(points, given, options)
    call check('workspace: some bytes', bytes > 0)
    call check('workspace: sizes as default integers', bytes == kmeans_workspace_size(n, d, k, options))
    call check('workspace: sizes as long integers', &
        bytes == kmeans_workspace_size(int(n, int64), int(d, int64), int(k, int64), options))
    call check('workspace: not of order n k', &
        kmeans_workspace_size(100000, d, 1000) < 100000_int64 * 1000)
    allocate (workspace(bytes))
    call kmeans_seed(points, own, options)
    call kmeans_seed(points, given, options, workspace=workspace)
    call check('workspace: seed', same(own, given))
    call kmeans_fit(points, own, own_labels, options)
    workspace = 77
    call kmeans_fit(points, given, given_labels, options, workspace=workspace)
    call check('workspace: fit', same(own, given) .and. same(own_labels, given_labels))
    call kmeans_fit(points, own, own_labels, options, weights)
    workspace = -1
    call kmeans_fit(points, given, given_labels, options, weights, workspace=workspace)
    call check('workspace: weighted fit', same(own, given) .and. same(own_labels, given_labels))
    call kmeans_assign(points, own, own_labels, far_own)
    call kmeans_assign(points, given, given_labels, far_given, workspace=workspace)
    call check('workspace: assign', same(own_labels, given_labels) .and. same(far_own, far_given))
    call kmeans_update(points, own_labels, own)
    call kmeans_update(points, given_labels, given, workspace=workspace)
    call check('workspace: update', same(own, given))
    options%n_init = 3
    options%init = CENTRA_INIT_RANDOM
    deallocate (workspace)
    allocate (workspace(kmeans_workspace_size(points, given, options)))
    call kmeans_fit(points, own, own_labels, options)
    call kmeans_fit(points, given, given_labels, options, workspace=workspace)
    call check('workspace: restarts', same(own, given) .and. same(own_labels, given_labels))
  end subroutine workspace_or_own

  !> Sections of whole columns are clustered where they lie. That nothing is copied is checked by the
  !> compiler: the programs are built to report array temporaries, and the test wants silence.
  subroutine sections()
    integer, parameter :: d = 3, n = 400, k = 6
    real(real64) :: plain(d, n), tall(d + 4, n), wide(d, 3 * n), columns(n, d), long(n + 5, d)
    real(real64) :: expected(d, k), centers(d, k), many(d, 2 * k), line(1, n), row_of(4, n)
    real(real64) :: line_expected(1, k), line_centers(1, k)
    integer(int32) :: expected_labels(n), labels(n)
    type(kmeans_options) :: options
    type(centra_report) :: expected_report, report
    call real_points(41, plain)
    options%seed = 9
    call kmeans_fit(plain, expected, expected_labels, options, report=expected_report)

    tall = huge(0.0_real64)
    tall(3:d + 2, :) = plain
    call kmeans_fit(tall(3:d + 2, :), centers, labels, options, report=report)
    call check('tall array: fit', same(centers, expected) .and. same(labels, expected_labels) &
        .and. same(report%inertia, expected_report%inertia))
    labels = 0
    call kmeans_assign(tall(3:d + 2, :), centers, labels)
    call check('tall array: assign', same(labels, expected_labels))
    call kmeans_update(tall(3:d + 2, :), labels, centers)
    call check('tall array: update', same(centers, expected))

    wide = -1
    wide(:, 2::3) = plain
    call kmeans_fit(wide(:, 2::3), centers, labels, options)
    call check('every third column', same(centers, expected) .and. same(labels, expected_labels))

    options%layout = CENTRA_COLUMNS
    columns = transpose(plain)
    call kmeans_fit(columns, centers, labels, options)
    call check('columns: fit', same(centers, expected) .and. same(labels, expected_labels))
    long = 5
    long(4:n + 3, :) = columns
    call kmeans_fit(long(4:n + 3, :), centers, labels, options)
    call check('columns of a longer array', same(centers, expected) .and. same(labels, expected_labels))
    call check('columns: the same workspace query', &
        kmeans_workspace_size(columns, centers, options) == kmeans_workspace_size(n, d, k, options))
    options%layout = CENTRA_ROWS

    ! The first and the last columns of a wider array are contiguous: no reason to refuse them.
    many = 4
    call kmeans_fit(plain, many(:, k + 1:), labels, options)
    call check('centers in a section', same(many(:, k + 1:), expected) &
        .and. same(many(:, :k), spread(spread(4.0_real64, 1, d), 2, k)))

    ! In one dimension a point has no second element to tell the stride by.
    line(1, :) = plain(2, :)
    row_of = 7
    row_of(3, :) = plain(2, :)
    call kmeans_fit(line, line_expected, expected_labels, options)
    call kmeans_fit(row_of(3:3, :), line_centers, labels, options)
    call check('one row of an array', same(line_expected, line_centers) &
        .and. same(labels, expected_labels))

    ! And a single point has no second column.
    call kmeans_fit(tall(3:d + 2, 8:8), centers(:, :1), labels(8:8))
    call check('one point', same(centers(:, 1), plain(:, 8)) .and. labels(8) == 1)
  end subroutine sections

  subroutine weighted()
    integer, parameter :: d = 2, n = 240, k = 4
    real(real64) :: points(d, n), weights(n), twice(d, 2 * n), centers(d, k), expected(d, k)
    real(real64) :: inertia, expected_inertia
    integer(int32) :: labels(n), twice_labels(2 * n)
    integer(int64) :: counts(k)
    integer :: p, q
    type(kmeans_options) :: options
    type(centra_report) :: report, expected_report
    call integer_points(51, 64, points)
    ! Weight 2 is the same point twice, weight 0 is no point: with whole coordinates exactly so.
    weights = 2
    weights(::5) = 0
    do p = 1, n
      twice(:, 2 * p - 1) = points(:, p)
      twice(:, 2 * p) = points(:, p)
    end do
    options%init = CENTRA_INIT_GIVEN
    centers = points(:, 2:5)
    call kmeans_fit(points, centers, labels, options, weights, report)
    call check('weighted: inertia belongs to labels and centers', report%inertia > 0)
    call kmeans_inertia(points, centers, labels, inertia, weights=weights)
    call check('weighted: inertia', same(inertia, report%inertia))
    call kmeans_inertia(points, centers, labels, expected_inertia)
    call check('weighted: weights are read', .not. same(inertia, expected_inertia))
    weights = 2
    centers = points(:, 2:5)
    expected = centers
    call kmeans_fit(points, centers, labels, options, weights, report)
    call kmeans_fit(twice, expected, twice_labels, options, report=expected_report)
    call check('weight 2 is the point twice', same(centers, expected) &
        .and. same(labels, twice_labels(::2)) .and. same(report%inertia, expected_report%inertia) &
        .and. report%iterations == expected_report%iterations)
    weights = 0
    weights(1:k) = [1.0_real64, 3.0_real64, 0.5_real64, 2.0_real64]
    options%init = CENTRA_INIT_RANDOM
    call kmeans_seed(points, centers, options, weights)
    do p = 1, k
      call check('seed: never a point of weight 0', any([(same(centers(:, p), points(:, q)), q=1, k)]))
    end do
    weights = 1
    labels = 1
    labels(1:6) = [2, 2, 3, 3, 4, 4]
    weights(1:2) = [3.0_real64, 1.0_real64]
    call kmeans_update(points, labels, centers, counts, weights=weights)
    call check('update: weighted mean', &
        same(centers(:, 2), (3 * points(:, 1) + points(:, 2)) / 4))
    call check('update: counts are members, not weights', counts(2) == 2 .and. sum(counts) == n)
  end subroutine weighted

  subroutine stopping()
    integer, parameter :: d = 2, n = 2000, k = 20
    real(real64) :: points(d, n), start(d, k), centers(d, k)
    integer(int32) :: labels(n), expected(n)
    type(kmeans_options) :: options
    type(centra_report) :: report
    call real_points(61, points)
    start = points(:, :k)
    options%init = CENTRA_INIT_GIVEN
    options%max_iter = 0
    centers = start
    call kmeans_fit(points, centers, labels, options, report=report)
    call kmeans_assign(points, start, expected)
    call check('max_iter = 0: only assigned', same(centers, start) .and. same(labels, expected) &
        .and. report%iterations == 0 .and. report%stopped_by == CENTRA_MAX_ITER)
    options%max_iter = 3
    centers = start
    call kmeans_fit(points, centers, labels, options, report=report)
    call check('max_iter = 3', report%iterations == 3 .and. report%stopped_by == CENTRA_MAX_ITER &
        .and. report%moved > 0)
    options%max_iter = 300
    options%tol = 1e-3_real64
    centers = start
    call kmeans_fit(points, centers, labels, options, report=report)
    call check('tol', report%stopped_by == CENTRA_TOLERANCE .and. report%moved > 0)
    options%tol = 0
    centers = start
    call kmeans_fit(points, centers, labels, options, report=report)
    call check('convergence', report%stopped_by == CENTRA_CONVERGED .and. report%moved == 0)
    ! Three distinct points cannot fill five clusters.
    points = 1
    points(1, 1) = 2
    points(1, 2) = 3
    centers(:, :5) = 1
    call kmeans_fit(points, centers(:, :5), labels, options, report=report)
    call check('empty clusters are counted', report%empty_clusters == 2 &
        .and. same(report%inertia, 0.0_real64))
  end subroutine stopping

  subroutine restarts()
    integer, parameter :: d = 2, n = 1500, k = 15
    real(real64) :: points(d, n), first(d, k), centers(d, k), again(d, k)
    integer(int32) :: labels(n), again_labels(n)
    type(kmeans_options) :: options
    type(centra_report) :: one, best, repeated
    call real_points(71, points)
    options%init = CENTRA_INIT_RANDOM
    call kmeans_fit(points, first, labels, options, report=one)
    options%n_init = 8
    call kmeans_fit(points, centers, labels, options, report=best)
    call check('restarts are no worse', best%inertia <= one%inertia)
    call kmeans_fit(points, again, again_labels, options, report=repeated)
    call check('restarts repeat', same(centers, again) .and. same(labels, again_labels) &
        .and. same(best%inertia, repeated%inertia) .and. best%iterations == repeated%iterations)
    options%seed = 1
    options%n_init = 1
    call kmeans_seed(points, again, options)
    options%seed = 0
    call kmeans_seed(points, first, options)
    call check('another seed, other centers', .not. same(first, again))
  end subroutine restarts

  subroutine progress_and_cancel()
    integer, parameter :: d = 2, n = 2000, k = 20
    real(real64) :: points(d, n), start(d, k), centers(d, k), expected(d, k)
    integer(int32) :: labels(n), expected_labels(n), status
    type(kmeans_options) :: options, plain
    type(centra_report) :: report
    type(log_t), target :: log
    character(len=80) :: message
    call real_points(81, points)
    start = points(:, :k)
    options%init = CENTRA_INIT_GIVEN
    plain = options
    options%progress => watch
    options%progress_data = c_loc(log)
    centers = start
    call kmeans_fit(points, centers, labels, options, report=report)
    call check('progress: once an iteration', log%calls == report%iterations .and. log%in_order)
    call check('progress: last of a converged fit', log%last_moved == 0)
    expected = start
    call kmeans_fit(points, expected, expected_labels, plain)
    call check('progress changes nothing', same(centers, expected) .and. same(labels, expected_labels))

    log = log_t(stop_at=4)
    centers = start
    message = 'as it was'
    call kmeans_fit(points, centers, labels, options, report=report, status=status, message=message)
    call check('cancelled: status', status == CENTRA_CANCELLED)
    call check('cancelled: no message', message == 'as it was')
    call check('cancelled: report', report%stopped_by == CENTRA_STOPPED .and. report%iterations == 4)
    call check('cancelled: no further call', log%calls == 4)
    plain%max_iter = 4
    expected = start
    call kmeans_fit(points, expected, expected_labels, plain)
    call check('cancelled: outputs of the fourth iteration', same(centers, expected) &
        .and. same(labels, expected_labels))
    log = log_t(stop_at=1)
    centers = start
    call kmeans_fit(points, centers, labels, options)
    call check('cancelled: no error without status', log%calls == 1)

    log = log_t()
    options%progress => fit_inside
    centers = start
    call kmeans_fit(points, centers, labels, options, report=report)
    plain%max_iter = 300
    expected = start
    call kmeans_fit(points, expected, expected_labels, plain)
    call check('a fit inside a fit', log%inner_status == CENTRA_OK .and. log%calls == report%iterations &
        .and. same(centers, expected) .and. same(labels, expected_labels))
  end subroutine progress_and_cancel

  subroutine strings()
    integer(int32) :: status, other
    character(len=80) :: texts(CENTRA_ERR_INTERNAL:CENTRA_CANCELLED), version
    call check('isa', any(kmeans_isa() == ['avx512  ', 'avx2    ', 'neon    ', 'portable']))
    version = kmeans_version()
    call check('version', len(kmeans_version()) >= 5 .and. index(version, '.') > 1)
    do status = CENTRA_ERR_INTERNAL, CENTRA_CANCELLED
      texts(status) = kmeans_status_message(status)
      call check('a text for each status', len_trim(texts(status)) > 1)
      do other = CENTRA_ERR_INTERNAL, status - 1_int32
        call check('each status its own text', texts(status) /= texts(other))
      end do
    end do
    call check('and one for no status', len(kmeans_status_message(-1000_int32)) > 1)
  end subroutine strings

end program wrappers
