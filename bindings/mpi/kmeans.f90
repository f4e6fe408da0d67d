!> k-means of points that the ranks of an MPI job have among them.
!>
!>     mpiexec -n RANKS kmeans FILE D K [THREADS]
!>
!> FILE is raw doubles as this machine writes them, point after point, D a point; every rank reads its own slice of it, and
!> THREADS (1) threads a rank work on that. What the ranks find out about their slices are integers, and MPI_Allreduce joins them
!> by MPI_MAX and MPI_SUM: so the result is that of kmeans_fit for all points in one array, bit for bit, for any number of ranks.
program kmeans
  use, intrinsic :: iso_fortran_env, only: error_unit, int32, int64, int8, real64
  use mpi_f08
  use centra
  implicit none

  integer(int64), parameter :: bytes_per_real = storage_size(0.0_real64) / 8
  integer :: rank, ranks, provided, d, k, i, j
  integer(int64) :: n, first, total                  ! points of this rank, number of the first of them, points of all
  real(real64), allocatable :: points(:, :), centers(:, :)
  integer(int32), allocatable :: labels(:), range(:)
  integer(int8), allocatable :: workspace(:)
  integer(int64) :: bytes
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
  bytes = kmeans_stream_workspace_size(points, centers, total, options, status, message)
  call must('workspace')
  allocate (workspace(bytes), labels(n))
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
    call get_command_argument(1, path)
    do i = 2, min(4, command_argument_count())
      call get_command_argument(i, words(i))
    end do
    read (words, *, iostat=unreadable) d, k, threads
    if (unreadable /= 0 .or. command_argument_count() < 3 .or. command_argument_count() > 4) d = 0
    call all_fine('usage', min(d, k, threads) > 0, 'kmeans FILE D K [THREADS]')
    options%init = CENTRA_INIT_PARALLEL              ! so that the workspace is large enough for it
    options%empty = CENTRA_EMPTY_KEEP                ! sums do not tell which point is the farthest
    options%threads = threads
  end subroutine read_arguments

  !> The points of this rank; the first ranks have one more, where they do not come out even.
  subroutine read_slice()
    integer :: unit, failed
    open (newunit=unit, file=path, access='stream', form='unformatted', action='read', status='old', iostat=failed)
    call all_fine(path, failed == 0, 'cannot be opened')
    inquire (unit, size=total)
    call all_fine(path, total > 0 .and. mod(total, d * bytes_per_real) == 0, 'the size is not that of rows of D doubles')
    total = total / (d * bytes_per_real)
    call MPI_Bcast(total, 1, MPI_INT64_T, 0, MPI_COMM_WORLD)
    n = total / ranks + merge(1, 0, rank < mod(total, int(ranks, int64)))
    first = total / ranks * rank + min(int(rank, int64), mod(total, int(ranks, int64))) + 1
    allocate (points(d, n))
    read (unit, pos=(first - 1) * d * bytes_per_real + 1, iostat=failed) points
    call all_fine(path, failed == 0 .or. n == 0, 'ends before the slice of this rank')
    close (unit)
  end subroutine read_slice

  !> What all points are like.
  subroutine find_range()
    allocate (range(kmeans_stream_range_length(d)), source=0_int32)
    call kmeans_stream_range(points, range, options, workspace=workspace, status=status, message=message)
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
      call kmeans_stream_masses(points, centers, total, range, candidates(:, :counted), masses, distances, known, options, &
          workspace=workspace, status=status, message=message)
      call must('masses')
      call sum_up(masses)
      known = counted
      drawn = 0
      call kmeans_stream_draw(points, centers, total, range, masses, candidates(:, :counted), round, first, rows, drawn(rank), &
          distances, options, workspace=workspace, status=status, message=message)
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
    call kmeans_stream_weigh(points, centers, total, range, candidates(:, :counted), weights, options, workspace=workspace, &
        status=status, message=message)
    call must('weigh')
    call sum_up(weights)
    call kmeans_stream_choose(centers, total, range, candidates(:, :counted), weights, options, workspace, status, message)
    call must('choose')
  end subroutine seed

  !> Lloyd's loop: the labels of this rank's points, and the centers, which are the same everywhere.
  subroutine iterate()
    integer(int64), allocatable :: sums(:)
    allocate (sums(kmeans_stream_sums_length(centers, total, range)))
    labels = 1
    do while (state%done == 0)
      sums = 0
      call kmeans_stream_sums(points, centers, total, range, sums, labels, CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, options, &
          workspace=workspace, status=status, message=message)
      call must('sums')
      call sum_up(sums)
      call kmeans_stream_step(centers, total, range, sums, state, options, status, message)
      call must('step')
      if (rank == 0) write (error_unit, '(a, i0, a, es16.9)') 'pass ', state%iterations + state%done, ': inertia ', state%inertia
    end do
  end subroutine iterate

end program kmeans
