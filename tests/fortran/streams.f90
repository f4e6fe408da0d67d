!> Chunks reduced by maxima and sums are the fit of all points.
program streams
  use, intrinsic :: ieee_arithmetic, only: ieee_is_nan
  use, intrinsic :: iso_c_binding, only: c_sizeof
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
  use centra
  use checks
  implicit none

  integer, parameter :: d = 5, n = 400, k = 6
  real(real64) :: tall(d + 2, n), across(n, d), weights(n)
  integer :: p

  call real_points(3, tall)
  tall(1, :) = tall(1, :) + [(real(mod(p, k), real64), p=1, n)]
  across = transpose(tall(:d, :))
  weights = [(real(mod(p, 7), real64) / 4, p=1, n)]
  call run(CENTRA_ROWS, 1, .false.)
  call run(CENTRA_ROWS, 2, .true.)
  call run(CENTRA_COLUMNS, 2, .false.)
  call run(CENTRA_COLUMNS, 1, .true.)
  call relocated(.false.)
  call relocated(.true.)
  call structure()
  call finish('streams')

contains

  !> Three chunks, one of them without points.
  subroutine run(layout, threads, with_weights)
    integer(int32), intent(in) :: layout
    integer, intent(in) :: threads
    logical, intent(in) :: with_weights
    integer, parameter :: from(3) = [1, 131, 131], to(3) = [130, 130, n]
    integer(int64), parameter :: total = n
    real(real64) :: centers(d, k), start(d, k), expected(d, k), means(d, k)
    real(real64), allocatable :: candidates(:, :), distances(:)
    integer(int32), allocatable :: range(:), parts(:, :)
    integer(int64), allocatable :: sums(:), tally(:)
    integer(int8), allocatable :: workspace(:)
    integer(int64) :: masses(CENTRA_STREAM_MASS_DIGITS), of_round, of_all, drawn, counted, known, counts(k)
    integer(int32) :: labels(n), expected_labels(n), round
    type(kmeans_options) :: options
    type(centra_report) :: report
    type(centra_stream_state) :: state
    integer :: c

    options%layout = layout
    options%threads = threads
    options%init = CENTRA_INIT_PARALLEL
    options%empty = CENTRA_EMPTY_KEEP
    options%seed = 11
    if (layout == CENTRA_ROWS .and. with_weights) then
      call kmeans_seed(tall(:d, :), start, options, weights)
      call kmeans_fit(tall(:d, :), expected, expected_labels, options, weights, report)
      allocate (workspace(kmeans_stream_workspace_size(tall(:d, :), start, total, options)))
    else if (layout == CENTRA_ROWS) then
      call kmeans_seed(tall(:d, :), start, options)
      call kmeans_fit(tall(:d, :), expected, expected_labels, options, report=report)
      allocate (workspace(kmeans_stream_workspace_size(tall(:d, :), start, total, options)))
    else if (with_weights) then
      call kmeans_seed(across, start, options, weights)
      call kmeans_fit(across, expected, expected_labels, options, weights, report)
      allocate (workspace(kmeans_stream_workspace_size(across, start, total, options)))
    else
      call kmeans_seed(across, start, options)
      call kmeans_fit(across, expected, expected_labels, options, report=report)
      allocate (workspace(kmeans_stream_workspace_size(across, start, total, options)))
    end if

    ! Each chunk has a range of its own; they are reduced by maximum.
    allocate (parts(kmeans_stream_range_length(d), size(from)), source=0_int32)
    do c = 1, size(from)
      if (layout == CENTRA_ROWS .and. with_weights) then
        call kmeans_stream_range(tall(:d, from(c):to(c)), parts(:, c), options, weights(from(c):to(c)), workspace)
      else if (layout == CENTRA_ROWS) then
        call kmeans_stream_range(tall(:d, from(c):to(c)), parts(:, c), options)
      else if (with_weights) then
        call kmeans_stream_range(across(from(c):to(c), :), parts(:, c), options, weights(from(c):to(c)))
      else
        call kmeans_stream_range(across(from(c):to(c), :), parts(:, c), options, workspace=workspace)
      end if
    end do
    range = maxval(parts, 2)
    call check('an empty chunk has no range', all(parts(:, 2) == 0))
    call check('weights are in the range', with_weights .eqv. range(3 * d + 2) /= 0)

    centers = 0
    call kmeans_stream_candidates(centers, of_round, of_all)
    call check('candidates', of_round == 3 * k + 32 .and. of_all == 5 * of_round)
    allocate (candidates(d, of_all), distances(n))
    round = 0
    counted = 0
    known = 0
    masses = 0
    do while (kmeans_stream_due(centers, round, counted, masses))
      masses = 0
      drawn = 0
      do c = 1, size(from)
        associate (f => from(c), t => to(c), seen => candidates(:, :counted))
          if (layout == CENTRA_ROWS .and. with_weights) then
            call kmeans_stream_masses(tall(:d, f:t), centers, total, range, seen, masses, distances(f:t), known, options, &
                weights(f:t), workspace)
          else if (layout == CENTRA_ROWS) then
            call kmeans_stream_masses(tall(:d, f:t), centers, total, range, seen, masses, options=options)
          else if (with_weights) then
            call kmeans_stream_masses(across(f:t, :), centers, total, range, seen, masses, distances(f:t), known, options, &
                weights(f:t))
          else
            call kmeans_stream_masses(across(f:t, :), centers, total, range, seen, masses, distances(f:t), known, options)
          end if
        end associate
      end do
      do c = 1, size(from)
        associate (f => from(c), t => to(c), seen => candidates(:, :counted), &
            rows => candidates(:, counted + 1:counted + of_round))
          if (layout == CENTRA_ROWS .and. with_weights) then
            call kmeans_stream_draw(tall(:d, f:t), centers, total, range, masses, seen, round, int(f, int64), rows, drawn, &
                distances(f:t), options, weights(f:t), workspace)
          else if (layout == CENTRA_ROWS) then
            call kmeans_stream_draw(tall(:d, f:t), centers, total, range, masses, seen, round, int(f, int64), rows, drawn, &
                options=options)
          else if (with_weights) then
            call kmeans_stream_draw(across(f:t, :), centers, total, range, masses, seen, round, int(f, int64), rows, drawn, &
                options=options, weights=weights(f:t))
          else
            call kmeans_stream_draw(across(f:t, :), centers, total, range, masses, seen, round, int(f, int64), rows, drawn, &
                distances(f:t), options)
          end if
        end associate
      end do
      known = counted
      if (drawn <= of_round) counted = counted + drawn
      round = round + 1
    end do
    call check('rounds', round >= 5 .and. counted >= k)

    allocate (tally(counted), source=0_int64)
    do c = 1, size(from)
      associate (f => from(c), t => to(c), seen => candidates(:, :counted))
        if (layout == CENTRA_ROWS .and. with_weights) then
          call kmeans_stream_weigh(tall(:d, f:t), centers, total, range, seen, tally, options, weights(f:t), workspace)
        else if (layout == CENTRA_ROWS) then
          call kmeans_stream_weigh(tall(:d, f:t), centers, total, range, seen, tally, options)
        else if (with_weights) then
          call kmeans_stream_weigh(across(f:t, :), centers, total, range, seen, tally, options, weights(f:t))
        else
          call kmeans_stream_weigh(across(f:t, :), centers, total, range, seen, tally, options)
        end if
      end associate
    end do
    call kmeans_stream_choose(centers, total, range, candidates(:, :counted), tally, options, workspace)
    call check('the start is that of a fit', same(centers, start))

    allocate (sums(kmeans_stream_sums_length(centers, total, range)))
    labels = 1
    do while (state%done == 0)
      sums = 0
      do c = 1, size(from)
        associate (f => from(c), t => to(c))
          if (layout == CENTRA_ROWS .and. with_weights) then
            call kmeans_stream_sums(tall(:d, f:t), centers, total, range, sums, labels(f:t), &
                CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, options, weights(f:t), workspace)
          else if (layout == CENTRA_ROWS) then
            call kmeans_stream_sums(tall(:d, f:t), centers, total, range, sums, options=options)
          else if (with_weights) then
            call kmeans_stream_sums(across(f:t, :), centers, total, range, sums, labels(f:t), options=options, &
                weights=weights(f:t))
          else
            call kmeans_stream_sums(across(f:t, :), centers, total, range, sums, labels(f:t), CENTRA_STREAM_MOVED, options)
          end if
        end associate
      end do
      means = centers
      call kmeans_stream_means(means, total, range, sums, counts)
      call kmeans_stream_step(centers, total, range, sums, state, options)
      call check('a step is to the means', state%done /= 0 .or. same(means, centers))
    end do
    call check('centers', same(centers, expected))
    call check('counts', sum(counts) == n)
    call check('iterations', state%iterations == report%iterations .and. state%iterations > 1)
    call check('stopped by', state%stopped_by == CENTRA_CONVERGED)
    if (layout == CENTRA_COLUMNS .and. .not. with_weights) then
      call check('no inertia', ieee_is_nan(state%inertia) .and. state%moved == 0)
    else
      call check('inertia', same(state%inertia, report%inertia))
    end if
    if (with_weights .or. layout == CENTRA_COLUMNS) call check('labels', all(labels == expected_labels))
  end subroutine run

  !> Some clusters are empty at the start: they take the farthest points, as in a fit.
  subroutine relocated(with_weights)
    logical, intent(in) :: with_weights
    integer, parameter :: from(3) = [1, 60, 60], to(3) = [59, 59, n]
    integer(int64), parameter :: total = n
    real(real64) :: centers(d, k), start(d, k), expected(d, k)
    integer(int32), allocatable :: range(:)
    integer(int64), allocatable :: sums(:), farthest(:), lists(:, :)
    integer(int32) :: labels(n), expected_labels(n), status
    type(kmeans_options) :: options
    type(centra_report) :: report
    type(centra_stream_state) :: state
    integer :: c, times

    start = tall(:d, :k)
    start(1, 2:k:2) = 1.0e6_real64
    start(2, 2) = 3.0_real64
    options%init = CENTRA_INIT_GIVEN
    expected = start
    if (with_weights) then
      call kmeans_fit(tall(:d, :), expected, expected_labels, options, weights, report)
    else
      call kmeans_fit(tall(:d, :), expected, expected_labels, options, report=report)
    end if
    allocate (range(kmeans_stream_range_length(d)), source=0_int32)
    if (with_weights) then
      call kmeans_stream_range(tall(:d, :), range, options, weights)
    else
      call kmeans_stream_range(tall(:d, :), range, options)
    end if
    centers = start
    allocate (sums(kmeans_stream_sums_length(centers, total, range)))
    labels = 1
    times = 0
    do while (state%done == 0)
      sums = 0
      do c = 1, size(from)
        associate (f => from(c), t => to(c))
          if (with_weights) then
            call kmeans_stream_sums(tall(:d, f:t), centers, total, range, sums, labels(f:t), &
                CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, options, weights(f:t))
          else
            call kmeans_stream_sums(tall(:d, f:t), centers, total, range, sums, labels(f:t), &
                CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, options)
          end if
        end associate
      end do
      allocate (lists(kmeans_stream_farthest_length(centers, total, range, sums, state, options), size(from)), source=0_int64)
      if (size(lists, 1) > 0) then
        times = times + 1
        call kmeans_stream_step(centers, total, range, sums, state, options, status)
        call check('a step without the farthest points', status == CENTRA_ERR_EMPTY)
        do c = 1, size(from)
          associate (f => from(c), t => to(c))
            if (with_weights) then
              call kmeans_stream_farthest(tall(:d, f:t), centers, total, range, sums, int(f, int64), lists(:, c), options, &
                  weights(f:t))
            else
              call kmeans_stream_farthest(tall(:d, f:t), centers, total, range, sums, int(f, int64), lists(:, c), options)
            end if
          end associate
          if (c > 1) call kmeans_stream_farthest_join(centers, lists(:, c), lists(:, 1))
        end do
        call kmeans_stream_farthest(tall(:d, :9), centers, total, range, sums, 0_int64, lists(:, 2), options, status=status)
        call check('points count from 1', status == CENTRA_ERR_SHAPE)
      end if
      farthest = lists(:, 1)
      call kmeans_stream_relocate(centers, total, range, sums, farthest, state, options)
      deallocate (lists)
    end do
    call check('relocated', times > 0)
    call check('relocated: centers', same(centers, expected))
    call check('relocated: labels', all(labels == expected_labels))
    call check('relocated: inertia', same(state%inertia, report%inertia))
    call check('relocated: iterations', state%iterations == report%iterations .and. state%stopped_by == report%stopped_by)
  end subroutine relocated

  subroutine structure()
    type(centra_stream_state) :: state
    call centra_stream_state_init(state, c_sizeof(state) - 1)
    call check('no init of a smaller state', state%struct_size == 0)
    call centra_stream_state_init(state, c_sizeof(state))
    call check('state: c_sizeof', state%struct_size == c_sizeof(state))
    call check('state: storage_size', storage_size(state, int64) == 8 * state%struct_size)
    call check('state: its inertia', ieee_is_nan(state%inertia))
  end subroutine structure

end program streams
