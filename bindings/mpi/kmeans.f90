!> k-means of points that the ranks of an MPI job have among them.
!>
!>     mpiexec -n RANKS kmeans FILE D K [THREADS [TYPE]]
!>
!> FILE is raw numbers as this machine writes them, point after point, D a point, of TYPE double (the default), float or byte
!> (unsigned); every rank reads its own slice of it, keeps it in that type, and THREADS (1) threads a rank work on it. What the ranks
!> find out about their slices are integers, and MPI_Allreduce joins them by MPI_MAX and MPI_SUM (empty clusters take the farthest
!> points, whose lists are joined by a call): so the result is that of kmeans_fit for all points in one array, bit for bit, for any
!> number of ranks.
program kmeans
  use, intrinsic :: iso_fortran_env, only: error_unit, int32, int64, int8, real32, real64
  use mpi_f08
  use centra
  implicit none

  integer :: rank, ranks, provided, d, k, i, j
  integer(int64) :: n, first, total                  ! points of this rank, number of the first of them, points of all
  character(len=40) :: numbers                       ! double, float or byte: which of these three are the points
  real(real64), allocatable :: doubles(:, :)
  real(real32), allocatable :: floats(:, :)
  integer(int8), allocatable :: bytes(:, :)
  real(real64), allocatable :: centers(:, :)
  integer(int32), allocatable :: labels(:), range(:)
  integer(int8), allocatable :: workspace(:)
  integer(int64) :: room
  type(kmeans_options) :: options
  type(centra_stream_state) :: state
  character(len=200) :: path, message
  integer(int32) :: status

  call MPI_Init_thread(MPI_THREAD_FUNNELED, provided)
  call MPI_Comm_rank(MPI_COMM_WORLD, rank)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks)
  call read_arguments()
  call read_slice()
  allocate (centers(d, k))
  select case (numbers)
  case ('float')
    room = kmeans_stream_workspace_size(floats, centers, total, options, status, message)
  case ('byte')
    room = kmeans_stream_workspace_size(bytes, centers, total, options, status, message)
  case default
    room = kmeans_stream_workspace_size(doubles, centers, total, options, status, message)
  end select
  call must('workspace')
  allocate (workspace(room), labels(n))
  call find_range()
  call seed()
  call iterate()

  ! 17 digits tell every double from every other.
  if (rank == 0) then
    do j = 1, k
      print '(*(es24.16e3, :, 1x))', (centers(i, j), i=1, d)
    end do
    print '(a, es24.16e3)', 'inertia ', state%inertia
    print '(a, i0)', 'iterations ', state%iterations
  end if
  call MPI_Finalize()

contains

  !> Every rank says how it fares. If one does not fare well, all end, and the first of those says why.
  subroutine all_fine(step, fine, trouble)
    character(len=*), intent(in) :: step, trouble
    logical, intent(in) :: fine
    integer :: worst
    worst = merge(ranks, rank, fine)
    call MPI_Allreduce(MPI_IN_PLACE, worst, 1, MPI_INTEGER, MPI_MIN, MPI_COMM_WORLD)
    if (worst == ranks) return
    if (worst == rank) write (error_unit, '(a, i0, 4a)') 'kmeans: rank ', rank, ': ', trim(step), ': ', trim(trouble)
    call MPI_Finalize()
    stop 1, quiet=.true.
  end subroutine all_fine

  !> The same of the call that every rank has just made.
  subroutine must(call_name)
    character(len=*), intent(in) :: call_name
    call all_fine(call_name, status >= CENTRA_OK, message)
  end subroutine must

  !> The sum over all ranks.
  subroutine sum_up(numbers)
    integer(int64), intent(inout) :: numbers(:)
    call MPI_Allreduce(MPI_IN_PLACE, numbers, size(numbers), MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD)
  end subroutine sum_up

  subroutine read_arguments()
    integer :: threads, unreadable
    character(len=40) :: words(2:4)
    words = '1'
    numbers = 'double'
    call get_command_argument(1, path)
    do i = 2, min(4, command_argument_count())
      call get_command_argument(i, words(i))
    end do
    if (command_argument_count() > 4) call get_command_argument(5, numbers)
    read (words, *, iostat=unreadable) d, k, threads
    if (unreadable /= 0 .or. command_argument_count() < 3 .or. command_argument_count() > 5) d = 0
    if (all(numbers /= ['double', 'float ', 'byte  '])) d = 0
    call all_fine('usage', min(d, k, threads) > 0, 'kmeans FILE D K [THREADS [double|float|byte]]')
    options%init = CENTRA_INIT_PARALLEL              ! so that the workspace is large enough for it
    options%threads = threads
  end subroutine read_arguments

  !> The points of this rank; the first ranks have one more, where they do not come out even.
  subroutine read_slice()
    integer :: unit, failed
    integer(int64) :: row, from
    row = d * merge(8, merge(4, 1, numbers == 'float'), numbers == 'double')
    open (newunit=unit, file=path, access='stream', form='unformatted', action='read', status='old', iostat=failed)
    call all_fine(path, failed == 0, 'cannot be opened')
    inquire (unit, size=total)
    call all_fine(path, total > 0 .and. mod(total, row) == 0, 'the size is not that of rows of D ' // trim(numbers) // 's')
    total = total / row
    call MPI_Bcast(total, 1, MPI_INT64_T, 0, MPI_COMM_WORLD)
    n = total / ranks + merge(1, 0, rank < mod(total, int(ranks, int64)))
    first = total / ranks * rank + min(int(rank, int64), mod(total, int(ranks, int64))) + 1
    from = (first - 1) * row + 1
    select case (numbers)
    case ('float')
      allocate (floats(d, n))
      read (unit, pos=from, iostat=failed) floats
    case ('byte')
      allocate (bytes(d, n))
      read (unit, pos=from, iostat=failed) bytes
    case default
      allocate (doubles(d, n))
      read (unit, pos=from, iostat=failed) doubles
    end select
    call all_fine(path, failed == 0 .or. n == 0, 'ends before the slice of this rank')
    close (unit)
  end subroutine read_slice

  !> What all points are like.
  subroutine find_range()
    allocate (range(kmeans_stream_range_length(d)), source=0_int32)
    select case (numbers)
    case ('float')
      call kmeans_stream_range(floats, range, options, workspace=workspace, status=status, message=message)
    case ('byte')
      call kmeans_stream_range(bytes, range, options, workspace=workspace, status=status, message=message)
    case default
      call kmeans_stream_range(doubles, range, options, workspace=workspace, status=status, message=message)
    end select
    call must('range')
    call MPI_Allreduce(MPI_IN_PLACE, range, size(range), MPI_INT32_T, MPI_MAX, MPI_COMM_WORLD)
  end subroutine find_range

  !> Starting centers by k-means||. The rows that ranks draw come to all of them as the sum of arrays in which each has set the
  !> bits of its own.
  subroutine seed()
    real(real64), allocatable :: candidates(:, :), rows(:, :), distances(:)
    integer(int64), allocatable :: bits(:), weights(:)
    integer(int64) :: masses(CENTRA_STREAM_MASS_DIGITS), drawn(0:ranks - 1), of_round, of_all, counted, known, before
    integer(int32) :: round
    call kmeans_stream_candidates(centers, of_round, of_all)
    allocate (candidates(d, of_all), rows(d, of_round), distances(n))
    counted = 0
    known = 0
    round = 0
    masses = 0
    do while (kmeans_stream_due(centers, round, counted, masses))
      masses = 0
      select case (numbers)
      case ('float')
        call kmeans_stream_masses(floats, centers, total, range, candidates(:, :counted), masses, distances, known, options, &
            workspace=workspace, status=status, message=message)
      case ('byte')
        call kmeans_stream_masses(bytes, centers, total, range, candidates(:, :counted), masses, distances, known, options, &
            workspace=workspace, status=status, message=message)
      case default
        call kmeans_stream_masses(doubles, centers, total, range, candidates(:, :counted), masses, distances, known, options, &
            workspace=workspace, status=status, message=message)
      end select
      call must('masses')
      call sum_up(masses)
      known = counted
      drawn = 0
      select case (numbers)
      case ('float')
        call kmeans_stream_draw(floats, centers, total, range, masses, candidates(:, :counted), round, first, rows, &
            drawn(rank), distances, options, workspace=workspace, status=status, message=message)
      case ('byte')
        call kmeans_stream_draw(bytes, centers, total, range, masses, candidates(:, :counted), round, first, rows, &
            drawn(rank), distances, options, workspace=workspace, status=status, message=message)
      case default
        call kmeans_stream_draw(doubles, centers, total, range, masses, candidates(:, :counted), round, first, rows, &
            drawn(rank), distances, options, workspace=workspace, status=status, message=message)
      end select
      call must('draw')
      call sum_up(drawn)
      if (sum(drawn) <= of_round) then
        allocate (bits(d * sum(drawn)), source=0_int64)
        before = d * sum(drawn(:rank - 1))
        bits(before + 1:before + d * drawn(rank)) = transfer(rows(:, :drawn(rank)), bits, d * drawn(rank))
        call sum_up(bits)
        candidates(:, counted + 1:counted + sum(drawn)) = &
            reshape(transfer(bits, candidates, size(bits)), [int(d, int64), sum(drawn)])
        counted = counted + sum(drawn)
        deallocate (bits)
      end if
      round = round + 1
    end do
    allocate (weights(kmeans_stream_weights_length(centers, total, range, counted)), source=0_int64)
    select case (numbers)
    case ('float')
      call kmeans_stream_weigh(floats, centers, total, range, candidates(:, :counted), weights, options, &
          workspace=workspace, status=status, message=message)
    case ('byte')
      call kmeans_stream_weigh(bytes, centers, total, range, candidates(:, :counted), weights, options, &
          workspace=workspace, status=status, message=message)
    case default
      call kmeans_stream_weigh(doubles, centers, total, range, candidates(:, :counted), weights, options, &
          workspace=workspace, status=status, message=message)
    end select
    call must('weigh')
    call sum_up(weights)
    call kmeans_stream_choose(centers, total, range, candidates(:, :counted), weights, options, workspace, status, message)
    call must('choose')
  end subroutine seed

  !> The points that empty clusters take: the list of each rank is joined with those of all others, by a tree.
  subroutine find_farthest(sums, farthest)
    integer(int64), intent(in) :: sums(:)
    integer(int64), intent(inout) :: farthest(:)
    integer(int64), allocatable :: other(:)
    integer :: step
    select case (numbers)
    case ('float')
      call kmeans_stream_farthest(floats, centers, total, range, sums, first, farthest, options, workspace=workspace, &
          status=status, message=message)
    case ('byte')
      call kmeans_stream_farthest(bytes, centers, total, range, sums, first, farthest, options, workspace=workspace, &
          status=status, message=message)
    case default
      call kmeans_stream_farthest(doubles, centers, total, range, sums, first, farthest, options, workspace=workspace, &
          status=status, message=message)
    end select
    call must('farthest')
    allocate (other(size(farthest)))
    step = 1
    do while (step < ranks)
      status = CENTRA_OK
      if (mod(rank, 2 * step) == step) then
        call MPI_Send(farthest, size(farthest), MPI_INT64_T, rank - step, 0, MPI_COMM_WORLD)
      else if (mod(rank, 2 * step) == 0 .and. rank + step < ranks) then
        call MPI_Recv(other, size(other), MPI_INT64_T, rank + step, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
        call kmeans_stream_farthest_join(centers, other, farthest, status, message)
      end if
      call must('join')
      step = 2 * step
    end do
    call MPI_Bcast(farthest, size(farthest), MPI_INT64_T, 0, MPI_COMM_WORLD)
  end subroutine find_farthest

  !> Lloyd's loop: the labels of this rank's points, and the centers, which are the same everywhere.
  subroutine iterate()
    integer(int64), allocatable :: sums(:), farthest(:)
    integer(int64) :: length
    allocate (sums(kmeans_stream_sums_length(centers, total, range)))
    labels = 1
    do while (state%done == 0)
      sums = 0
      select case (numbers)
      case ('float')
        call kmeans_stream_sums(floats, centers, total, range, sums, labels, CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, &
            options, workspace=workspace, status=status, message=message)
      case ('byte')
        call kmeans_stream_sums(bytes, centers, total, range, sums, labels, CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, &
            options, workspace=workspace, status=status, message=message)
      case default
        call kmeans_stream_sums(doubles, centers, total, range, sums, labels, CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, &
            options, workspace=workspace, status=status, message=message)
      end select
      call must('sums')
      call sum_up(sums)
      length = kmeans_stream_farthest_length(centers, total, range, sums, state, options, status, message)
      call must('empty')
      call all_fine('empty', length <= huge(0), 'more farthest points than MPI can count')
      allocate (farthest(length), source=0_int64)
      if (length > 0) call find_farthest(sums, farthest)
      call kmeans_stream_relocate(centers, total, range, sums, farthest, state, options, status, message)
      call must('step')
      deallocate (farthest)
      if (rank == 0) write (error_unit, '(a, i0, a, es16.9)') 'pass ', state%iterations + state%done, ': inertia ', state%inertia
    end do
  end subroutine iterate

end program kmeans
