!> Exact k-means: labels, centers, inertia and iteration count are a function of the input alone,
!> bit for bit, for any number of threads and any instruction set.
!>
!> Two layers:
!>
!>   * `kmeans_*`: the interface to use. Arrays know their shapes, labels count from 1, everything
!>     beyond points and centers is optional, and a refused call stops the program with a reason
!>     unless it is asked for its `stat`.
!>   * `centra_*`: the C functions as they are, for those who hold raw addresses or need a leading
!>     dimension that no array section expresses. `include/centra.h` documents them.
!>
!> This is plain Fortran 2018 and meant to be compiled with your own program by your own compiler: a
!> `.mod` file belongs to one version of one compiler, a source file to none.
module centra
  use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_double, c_f_pointer, c_funloc, &
      c_funptr, c_int32_t, c_int64_t, c_intptr_t, c_loc, c_null_funptr, c_null_ptr, c_ptr, c_size_t, &
      c_sizeof
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real32, real64
  implicit none
  private

  ! ---------------------------------------------------------------------------------------------
  ! Constants
  ! ---------------------------------------------------------------------------------------------

  ! Statuses: 0 fine, > 0 stopped early with valid outputs, < 0 refused with every output untouched.
  integer(int32), parameter, public :: CENTRA_OK = 0
  integer(int32), parameter, public :: CENTRA_CANCELLED = 1
  integer(int32), parameter, public :: CENTRA_ERR_NULL = -1
  integer(int32), parameter, public :: CENTRA_ERR_SHAPE = -2
  integer(int32), parameter, public :: CENTRA_ERR_NONFINITE = -3
  integer(int32), parameter, public :: CENTRA_ERR_RANGE = -4
  integer(int32), parameter, public :: CENTRA_ERR_WEIGHTS = -5
  integer(int32), parameter, public :: CENTRA_ERR_WORKSPACE = -6
  integer(int32), parameter, public :: CENTRA_ERR_OPTION = -7
  integer(int32), parameter, public :: CENTRA_ERR_ALIAS = -8
  integer(int32), parameter, public :: CENTRA_ERR_EMPTY = -9
  integer(int32), parameter, public :: CENTRA_ERR_LABEL = -10
  integer(int32), parameter, public :: CENTRA_ERR_MEMORY = -11
  integer(int32), parameter, public :: CENTRA_ERR_INTERNAL = -12

  ! Where the first centers come from (`init`).
  integer(int32), parameter, public :: CENTRA_INIT_KMEANSPP = 0
  integer(int32), parameter, public :: CENTRA_INIT_RANDOM = 1
  integer(int32), parameter, public :: CENTRA_INIT_GIVEN = 2
  integer(int32), parameter, public :: CENTRA_INIT_PARALLEL = 3

  ! What becomes of a cluster that loses all its points (`empty`).
  integer(int32), parameter, public :: CENTRA_EMPTY_RELOCATE = 0
  integer(int32), parameter, public :: CENTRA_EMPTY_KEEP = 1
  integer(int32), parameter, public :: CENTRA_EMPTY_ERROR = 2

  ! Types of coordinates (`value_type` of centra_csr).
  integer(int32), parameter, public :: CENTRA_F64 = 0
  integer(int32), parameter, public :: CENTRA_F32 = 1
  integer(int32), parameter, public :: CENTRA_U8 = 2

  ! How a fit keeps from doing again what cannot have changed (`algorithm`): by bounds where they pay, without them in the least
  ! memory, by bounds always. The results are the same.
  integer(int32), parameter, public :: CENTRA_ALGORITHM_AUTO = 0
  integer(int32), parameter, public :: CENTRA_ALGORITHM_LLOYD = 1
  integer(int32), parameter, public :: CENTRA_ALGORITHM_HAMERLY = 2

  ! How points lie in memory (`layout`). ROWS is Fortran's points(d, n), one point after the other;
  ! COLUMNS is points(n, d), one coordinate of all points after the other.
  integer(int32), parameter, public :: CENTRA_ROWS = 0
  integer(int32), parameter, public :: CENTRA_COLUMNS = 1

  ! Why the iteration ended (`report%stopped_by`).
  integer(int32), parameter, public :: CENTRA_CONVERGED = 0
  integer(int32), parameter, public :: CENTRA_TOLERANCE = 1
  integer(int32), parameter, public :: CENTRA_MAX_ITER = 2
  integer(int32), parameter, public :: CENTRA_STOPPED = 3

  ! What is wanted of `kmeans_stream_sums` besides counts and sums: the inertia, how many labels change, or the sum of both.
  integer(int32), parameter, public :: CENTRA_STREAM_INERTIA = 1
  integer(int32), parameter, public :: CENTRA_STREAM_MOVED = 2

  ! Elements of the masses of `kmeans_stream_masses`.
  integer(int32), parameter, public :: CENTRA_STREAM_MASS_DIGITS = 69

  ! ---------------------------------------------------------------------------------------------
  ! Types
  ! ---------------------------------------------------------------------------------------------

  !> What a progress procedure receives after each iteration.
  type, bind(C), public :: centra_progress
    integer(c_size_t) :: struct_size = 0
    integer(c_int64_t) :: restart = 0     !< counts from 0
    integer(c_int64_t) :: iteration = 0   !< counts from 1
    integer(c_int64_t) :: moved = 0       !< labels that changed in this iteration
    real(c_double) :: shift = 0           !< sum over the centers of the squared way each one moved
  end type centra_progress

  !> What the progress procedure `centra_watch_progress` shares with another thread, which reads and writes it atomically.
  type, bind(C), public :: centra_watch
    integer(c_int32_t) :: stop = 0        !< set by the other thread: other than 0 to stop the fit after the running iteration
    integer(c_int64_t) :: restart = 0     !< set by the fit: the last restart that finished an iteration
    integer(c_int64_t) :: iteration = 0   !< its last iteration; 0 before the first one
    integer(c_int64_t) :: moved = 0       !< labels that changed in that iteration
    real(c_double) :: shift = 0           !< sum over the centers of the squared way each one moved in it
  end type centra_watch

  !> The options of the raw interface: only after `centra_options_init` are they the library's
  !> defaults. Until then struct_size is 0, which every function refuses: better than a call that runs
  !> with whatever the memory held.
  type, bind(C), public :: centra_options
    integer(c_size_t) :: struct_size = 0
    integer(c_int32_t) :: init = 0
    integer(c_int32_t) :: empty = 0
    integer(c_int32_t) :: layout = 0
    integer(c_int32_t) :: label_base = 0
    integer(c_int32_t) :: threads = 0
    integer(c_int32_t) :: n_init = 0
    integer(c_int64_t) :: max_iter = 0
    real(c_double) :: tol = 0
    integer(c_int64_t) :: seed = 0
    type(c_ptr) :: weights = c_null_ptr
    type(c_funptr) :: progress = c_null_funptr
    type(c_ptr) :: progress_data = c_null_ptr
    integer(c_int32_t) :: algorithm = 0
    type(c_funptr) :: parallel = c_null_funptr
    type(c_ptr) :: parallel_data = c_null_ptr
  end type centra_options

  !> What a fit did. Distances, counts and seconds are totals over all restarts; the other components
  !> are those of the restart that is returned. `kmeans_fit` fills it without preparation; for the raw
  !> `centra_fit` call `centra_report_init` first.
  type, bind(C), public :: centra_report
    integer(c_size_t) :: struct_size = 0
    integer(c_int32_t) :: stopped_by = 0      !< CENTRA_CONVERGED, _TOLERANCE, _MAX_ITER or _STOPPED
    integer(c_int32_t) :: threads = 0         !< used
    integer(c_int64_t) :: iterations = 0
    integer(c_int64_t) :: empty_clusters = 0  !< without a member of positive weight
    integer(c_int64_t) :: moved = 0           !< labels that changed in the last iteration
    real(c_double) :: inertia = 0
    integer(c_int64_t) :: distances = 0       !< point-center pairs evaluated
    integer(c_int64_t) :: rechecked = 0       !< points decided by the defining distance itself
    integer(c_int64_t) :: skipped = 0         !< pairs that a bound proved needless
    real(c_double) :: seconds_scan = 0
    real(c_double) :: seconds_seed = 0
    real(c_double) :: seconds_assign = 0
    real(c_double) :: seconds_update = 0
    integer(c_int64_t) :: workspace_bytes = 0 !< that the call needed
  end type centra_report

  !> One of the problems of the raw `centra_fit_many`. Set struct_size to its c_sizeof; addresses are made by c_loc.
  type, bind(C), public :: centra_problem
    integer(c_size_t) :: struct_size = 0
    type(c_ptr) :: points = c_null_ptr        !< n points of d doubles, ld apart
    integer(c_size_t) :: n = 0, d = 0, ld = 0, k = 0
    type(c_ptr) :: weights = c_null_ptr       !< n weights, or null
    integer(c_int64_t) :: seed = 0            !< of the random draws
    type(c_ptr) :: centers = c_null_ptr       !< k times d doubles, written
    type(c_ptr) :: labels = c_null_ptr        !< n labels, written; or null
    type(c_ptr) :: report = c_null_ptr        !< a centra_report, written; or null
    integer(c_int32_t) :: status = 0          !< written
  end type centra_problem

  !> Points in compressed sparse rows, for the raw functions that end in _csr. Set struct_size to its c_sizeof; addresses are made by
  !> c_loc. Columns and starts count from 0.
  type, bind(C), public :: centra_csr
    integer(c_size_t) :: struct_size = 0
    integer(c_size_t) :: n = 0, d = 0
    type(c_ptr) :: values = c_null_ptr        !< the stored coordinates, row after row
    type(c_ptr) :: columns = c_null_ptr       !< the dimension of each, ascending in a row
    type(c_ptr) :: starts = c_null_ptr        !< n + 1: where rows start, and where the last ends
    integer(c_int32_t) :: value_type = 0      !< CENTRA_F64, CENTRA_F32 or CENTRA_U8
    integer(c_int32_t) :: index_bytes = 0     !< 4 or 8: integers of columns and starts
  end type centra_csr

  !> Sparse rows, as the function of this name makes them of the caller's arrays. `values` are read where they lie, so they are a
  !> `target` that outlives this; columns and starts, which count from 0 in the library, are copies.
  type, public :: kmeans_rows
    private
    type(centra_csr) :: rows
    integer(int32), allocatable :: columns(:), starts(:)
    integer(int64), allocatable :: wide_columns(:), wide_starts(:)    !< in place of these
    character(len=80) :: refusal = ' '                                !< what is wrong with the arrays
  end type kmeans_rows

  !> How far a streamed fit has come. `kmeans_stream_step` starts with one that nobody has touched; for the raw `centra_stream_step`
  !> call `centra_stream_state_init` first.
  type, bind(C), public :: centra_stream_state
    integer(c_size_t) :: struct_size = 0
    integer(c_int32_t) :: done = 0            !< 0 while another pass is due
    integer(c_int32_t) :: stopped_by = 0      !< when done: CENTRA_CONVERGED, _TOLERANCE or _MAX_ITER
    integer(c_int64_t) :: iterations = 0
    integer(c_int64_t) :: moved = 0           !< labels that changed in the last pass, or -1 if they were not compared
    integer(c_int64_t) :: empty_clusters = 0  !< without a member of positive weight
    real(c_double) :: shift = 0               !< sum over the centers of the squared way each one moved
    real(c_double) :: inertia = 0             !< of the last pass, or NaN if it was not wanted
  end type centra_stream_state

  !> The options of the `kmeans_*` procedures, with the library's defaults. Weights are not here but an
  !> argument of their own, so that no address outlives the array it points to.
  type, public :: kmeans_options
    integer(int32) :: init = CENTRA_INIT_KMEANSPP
    integer(int32) :: empty = CENTRA_EMPTY_RELOCATE
    integer(int32) :: layout = CENTRA_ROWS      !< ROWS: points(d, n); COLUMNS: points(n, d)
    integer(int32) :: threads = 1               !< 0: every core this process may use
    integer(int32) :: n_init = 1                !< restarts; the least inertia wins, then the earliest
    integer(int32) :: algorithm = CENTRA_ALGORITHM_AUTO   !< LLOYD takes the least memory
    integer(int64) :: max_iter = 300
    real(real64) :: tol = 0                     !< 0: stop only when no label changes
    integer(int64) :: seed = 0                  !< its 64 bits are the key; a negative number is one too
    procedure(centra_progress_fn), pointer, nopass :: progress => null()
    type(c_ptr) :: progress_data = c_null_ptr   !< handed to `progress` as it is
    !> Runs tasks on the program's own threads (OpenMP's, say), in place of threads that a call starts; `threads` is then the most at a time.
    procedure(centra_parallel_fn), pointer, nopass :: parallel => null()
    type(c_ptr) :: parallel_data = c_null_ptr   !< handed to `parallel` as it is
  end type kmeans_options

  abstract interface
    !> Called on the calling thread after each iteration; non-zero stops the fit with CENTRA_CANCELLED
    !> and valid outputs. It must not leave by any way but its end (no `stop` for a routine end: that
    !> takes the program down from inside the library).
    function centra_progress_fn(progress, user) result(stop_now) bind(C)
      import :: c_int32_t, c_ptr, centra_progress
      implicit none
      type(centra_progress), intent(in) :: progress
      type(c_ptr), intent(in), value :: user
      integer(c_int32_t) :: stop_now
    end function centra_progress_fn
    !> A task: to be called with the context that came with it, and an index from 0 to count - 1.
    subroutine centra_task_fn(context, index) bind(C)
      import :: c_ptr, c_size_t
      implicit none
      type(c_ptr), intent(in), value :: context
      integer(c_size_t), intent(in), value :: index
    end subroutine centra_task_fn

    !> Calls the task for each index from 0 to count - 1, in any order, on whichever threads it likes, and returns when all are done.
    !> `task` becomes a procedure pointer with the interface centra_task_fn by c_f_procpointer.
    subroutine centra_parallel_fn(user, count, task, context) bind(C)
      import :: c_funptr, c_ptr, c_size_t
      implicit none
      type(c_ptr), intent(in), value :: user
      integer(c_size_t), intent(in), value :: count
      type(c_funptr), intent(in), value :: task
      type(c_ptr), intent(in), value :: context
    end subroutine centra_parallel_fn
  end interface
  public :: centra_progress_fn, centra_task_fn, centra_parallel_fn

  ! ---------------------------------------------------------------------------------------------
  ! The C functions
  ! ---------------------------------------------------------------------------------------------

  ! Buffers are addresses (type(c_ptr), made by c_loc) and not `real(c_double) :: points(*)`: an actual
  ! argument for an assumed-size array that is not contiguous is copied by the compiler without a word,
  ! and an array cannot be null. Options and report are typed, and absent means NULL.
  interface
    !> A progress procedure that is ready: `options%progress => centra_watch_progress`, and progress_data is the address of a centra_watch.
    function centra_watch_progress(progress, watch) result(stop_now) &
        bind(C, name="centra_watch_progress")
      import :: c_int32_t, c_ptr, centra_progress
      implicit none
      type(centra_progress), intent(in) :: progress
      type(c_ptr), intent(in), value :: watch
      integer(c_int32_t) :: stop_now
    end function centra_watch_progress

    subroutine centra_options_init_sized(options, struct_size) &
        bind(C, name="centra_options_init_sized")
      import :: c_size_t, centra_options
      implicit none
      type(centra_options), intent(inout) :: options
      integer(c_size_t), intent(in), value :: struct_size
    end subroutine centra_options_init_sized

    subroutine centra_report_init_sized(report, struct_size) &
        bind(C, name="centra_report_init_sized")
      import :: c_size_t, centra_report
      implicit none
      type(centra_report), intent(inout) :: report
      integer(c_size_t), intent(in), value :: struct_size
    end subroutine centra_report_init_sized

    function centra_workspace_size(n, d, k, options, bytes) result(status) &
        bind(C, name="centra_workspace_size")
      import :: c_int32_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_workspace_size

    function centra_fit(points, n, d, ld, k, options, centers, labels, report, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_fit")
      import :: c_int32_t, c_ptr, c_size_t, centra_options, centra_report
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      type(centra_report), intent(inout), optional :: report
      type(c_ptr), intent(in), value :: workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_fit

    function centra_fit_many_workspace_size(problems, count, options, bytes) result(status) &
        bind(C, name="centra_fit_many_workspace_size")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: problems
      integer(c_size_t), intent(in), value :: count
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_fit_many_workspace_size

    function centra_fit_many(problems, count, options, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_fit_many")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: problems
      integer(c_size_t), intent(in), value :: count
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_fit_many

    function centra_assign(points, n, d, ld, k, options, centers, labels, sqdist, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_assign")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, sqdist, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_assign

    function centra_update(points, n, d, ld, k, options, labels, centers, counts, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_update")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: labels, centers, counts, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_update

    function centra_seed(points, n, d, ld, k, options, centers, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_seed")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_seed

    function centra_inertia(points, n, d, ld, k, options, centers, labels, inertia) result(status) &
        bind(C, name="centra_inertia")
      import :: c_double, c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      real(c_double), intent(inout), optional :: inertia
      integer(c_int32_t) :: status
    end function centra_inertia

    function centra_distances(points, n, d, ld, k, options, centers, sqdist, ld_out) result(status) &
        bind(C, name="centra_distances")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, sqdist
      integer(c_size_t), intent(in), value :: ld_out
      integer(c_int32_t) :: status
    end function centra_distances

    function centra_clusters(points, n, d, ld, k, options, centers, labels, counts, weights, inertia) &
        result(status) bind(C, name="centra_clusters")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, counts, weights, inertia
      integer(c_int32_t) :: status
    end function centra_clusters

    function centra_stream_range_length(d, length) result(status) &
        bind(C, name="centra_stream_range_length")
      import :: c_int32_t, c_size_t
      implicit none
      integer(c_size_t), intent(in), value :: d
      integer(c_size_t), intent(inout), optional :: length
      integer(c_int32_t) :: status
    end function centra_stream_range_length

    function centra_stream_sums_length(total, d, k, range, length) result(status) &
        bind(C, name="centra_stream_sums_length")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k
      type(c_ptr), intent(in), value :: range
      integer(c_size_t), intent(inout), optional :: length
      integer(c_int32_t) :: status
    end function centra_stream_sums_length

    function centra_stream_weights_length(total, d, k, range, count, length) result(status) &
        bind(C, name="centra_stream_weights_length")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k, count
      type(c_ptr), intent(in), value :: range
      integer(c_size_t), intent(inout), optional :: length
      integer(c_int32_t) :: status
    end function centra_stream_weights_length

    function centra_stream_workspace_size(n, total, d, k, options, bytes) result(status) &
        bind(C, name="centra_stream_workspace_size")
      import :: c_int32_t, c_int64_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      integer(c_int64_t), intent(in), value :: total
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_stream_workspace_size

    function centra_stream_range(points, n, d, ld, options, range, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_range")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int32_t) :: status
    end function centra_stream_range

    function centra_stream_sums(points, n, d, ld, k, options, total, range, centers, labels, &
        wanted, sums, workspace, workspace_bytes) result(status) bind(C, name="centra_stream_sums")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, centers, labels, sums, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t), intent(in), value :: wanted
      integer(c_int32_t) :: status
    end function centra_stream_sums

    function centra_stream_means(total, d, k, range, sums, centers, counts) result(status) &
        bind(C, name="centra_stream_means")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k
      type(c_ptr), intent(in), value :: range, sums, centers, counts
      integer(c_int32_t) :: status
    end function centra_stream_means

    subroutine centra_stream_state_init(state, struct_size) bind(C, name="centra_stream_state_init")
      import :: c_size_t, centra_stream_state
      implicit none
      type(centra_stream_state), intent(inout) :: state
      integer(c_size_t), intent(in), value :: struct_size
    end subroutine centra_stream_state_init

    function centra_stream_step(total, d, k, options, range, sums, centers, state) result(status) &
        bind(C, name="centra_stream_step")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options, centra_stream_state
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: range, sums, centers
      type(centra_stream_state), intent(inout), optional :: state
      integer(c_int32_t) :: status
    end function centra_stream_step

    function centra_stream_farthest_length(total, d, k, options, range, sums, centers, state, length) &
        result(status) bind(C, name="centra_stream_farthest_length")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options, centra_stream_state
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: range, sums, centers
      type(centra_stream_state), intent(in), optional :: state
      integer(c_size_t), intent(inout), optional :: length
      integer(c_int32_t) :: status
    end function centra_stream_farthest_length

    function centra_stream_farthest(points, n, d, ld, k, options, total, range, centers, sums, &
        first, farthest, length, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_farthest")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, centers, sums, farthest, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, length, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total, first
      integer(c_int32_t) :: status
    end function centra_stream_farthest

    function centra_stream_farthest_join(d, length, from, farthest) result(status) &
        bind(C, name="centra_stream_farthest_join")
      import :: c_int32_t, c_ptr, c_size_t
      implicit none
      integer(c_size_t), intent(in), value :: d, length
      type(c_ptr), intent(in), value :: from, farthest
      integer(c_int32_t) :: status
    end function centra_stream_farthest_join

    function centra_stream_relocate(total, d, k, options, range, sums, farthest, length, centers, &
        state) result(status) bind(C, name="centra_stream_relocate")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options, centra_stream_state
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k, length
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: range, sums, farthest, centers
      type(centra_stream_state), intent(inout), optional :: state
      integer(c_int32_t) :: status
    end function centra_stream_relocate

    function centra_stream_candidates(k, of_round, of_all) result(status) &
        bind(C, name="centra_stream_candidates")
      import :: c_int32_t, c_size_t
      implicit none
      integer(c_size_t), intent(in), value :: k
      integer(c_size_t), intent(inout), optional :: of_round, of_all
      integer(c_int32_t) :: status
    end function centra_stream_candidates

    function centra_stream_due(k, round, count, masses) result(status) &
        bind(C, name="centra_stream_due")
      import :: c_int32_t, c_ptr, c_size_t
      implicit none
      integer(c_size_t), intent(in), value :: k, count
      integer(c_int32_t), intent(in), value :: round
      type(c_ptr), intent(in), value :: masses
      integer(c_int32_t) :: status
    end function centra_stream_due

    function centra_stream_masses(points, n, d, ld, k, options, total, range, candidates, &
        count, known, distances, masses, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_stream_masses")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, candidates, distances, masses, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, known, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t) :: status
    end function centra_stream_masses

    function centra_stream_draw(points, n, d, ld, k, options, total, range, masses, candidates, &
        count, distances, round, first, rows, drawn, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_stream_draw")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, masses, candidates, distances, rows, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t), intent(in), value :: round
      integer(c_int64_t), intent(in), value :: first
      integer(c_int64_t), intent(inout), optional :: drawn
      integer(c_int32_t) :: status
    end function centra_stream_draw

    function centra_stream_weigh(points, n, d, ld, k, options, total, range, candidates, count, &
        weights, workspace, workspace_bytes) result(status) bind(C, name="centra_stream_weigh")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, candidates, weights, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t) :: status
    end function centra_stream_weigh

    function centra_stream_choose(total, d, k, options, range, candidates, count, weights, &
        centers, workspace, workspace_bytes) result(status) bind(C, name="centra_stream_choose")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      integer(c_int64_t), intent(in), value :: total
      integer(c_size_t), intent(in), value :: d, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: range, candidates, weights, centers, workspace
      integer(c_int32_t) :: status
    end function centra_stream_choose

    ! The same calls on points of single precision and of unsigned bytes.

    function centra_workspace_size_f32(n, d, k, options, bytes) result(status) &
        bind(C, name="centra_workspace_size_f32")
      import :: c_int32_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_workspace_size_f32

    function centra_fit_f32(points, n, d, ld, k, options, centers, labels, report, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_fit_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options, centra_report
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      type(centra_report), intent(inout), optional :: report
      type(c_ptr), intent(in), value :: workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_fit_f32

    function centra_assign_f32(points, n, d, ld, k, options, centers, labels, sqdist, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_assign_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, sqdist, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_assign_f32

    function centra_update_f32(points, n, d, ld, k, options, labels, centers, counts, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_update_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: labels, centers, counts, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_update_f32

    function centra_seed_f32(points, n, d, ld, k, options, centers, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_seed_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_seed_f32

    function centra_inertia_f32(points, n, d, ld, k, options, centers, labels, &
        inertia) result(status) &
        bind(C, name="centra_inertia_f32")
      import :: c_double, c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      real(c_double), intent(inout), optional :: inertia
      integer(c_int32_t) :: status
    end function centra_inertia_f32

    function centra_distances_f32(points, n, d, ld, k, options, centers, sqdist, &
        ld_out) result(status) &
        bind(C, name="centra_distances_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, sqdist
      integer(c_size_t), intent(in), value :: ld_out
      integer(c_int32_t) :: status
    end function centra_distances_f32

    function centra_clusters_f32(points, n, d, ld, k, options, centers, labels, counts, &
        weights, inertia) &
        result(status) bind(C, name="centra_clusters_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, counts, weights, inertia
      integer(c_int32_t) :: status
    end function centra_clusters_f32

    function centra_stream_workspace_size_f32(n, total, d, k, options, bytes) result(status) &
        bind(C, name="centra_stream_workspace_size_f32")
      import :: c_int32_t, c_int64_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      integer(c_int64_t), intent(in), value :: total
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_stream_workspace_size_f32

    function centra_stream_range_f32(points, n, d, ld, options, range, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_range_f32")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int32_t) :: status
    end function centra_stream_range_f32

    function centra_stream_sums_f32(points, n, d, ld, k, options, total, range, centers, labels, &
        wanted, sums, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_sums_f32")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, centers, labels, sums, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t), intent(in), value :: wanted
      integer(c_int32_t) :: status
    end function centra_stream_sums_f32

    function centra_stream_farthest_f32(points, n, d, ld, k, options, total, range, centers, sums, &
        first, farthest, length, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_farthest_f32")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, centers, sums, farthest, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, length, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total, first
      integer(c_int32_t) :: status
    end function centra_stream_farthest_f32

    function centra_stream_masses_f32(points, n, d, ld, k, options, total, range, candidates, &
        count, known, distances, masses, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_stream_masses_f32")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, candidates, distances, masses, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, known, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t) :: status
    end function centra_stream_masses_f32

    function centra_stream_draw_f32(points, n, d, ld, k, options, total, range, masses, &
        candidates, &
        count, distances, round, first, rows, drawn, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_stream_draw_f32")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, masses, candidates, distances, rows, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t), intent(in), value :: round
      integer(c_int64_t), intent(in), value :: first
      integer(c_int64_t), intent(inout), optional :: drawn
      integer(c_int32_t) :: status
    end function centra_stream_draw_f32

    function centra_stream_weigh_f32(points, n, d, ld, k, options, total, range, candidates, &
        count, &
        weights, workspace, workspace_bytes) result(status) bind(C, name="centra_stream_weigh_f32")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, candidates, weights, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t) :: status
    end function centra_stream_weigh_f32

    function centra_workspace_size_u8(n, d, k, options, bytes) result(status) &
        bind(C, name="centra_workspace_size_u8")
      import :: c_int32_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_workspace_size_u8

    function centra_fit_u8(points, n, d, ld, k, options, centers, labels, report, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_fit_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options, centra_report
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      type(centra_report), intent(inout), optional :: report
      type(c_ptr), intent(in), value :: workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_fit_u8

    function centra_assign_u8(points, n, d, ld, k, options, centers, labels, sqdist, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_assign_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, sqdist, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_assign_u8

    function centra_update_u8(points, n, d, ld, k, options, labels, centers, counts, workspace, &
        workspace_bytes) result(status) bind(C, name="centra_update_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: labels, centers, counts, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_update_u8

    function centra_seed_u8(points, n, d, ld, k, options, centers, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_seed_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_seed_u8

    function centra_inertia_u8(points, n, d, ld, k, options, centers, labels, &
        inertia) result(status) &
        bind(C, name="centra_inertia_u8")
      import :: c_double, c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      real(c_double), intent(inout), optional :: inertia
      integer(c_int32_t) :: status
    end function centra_inertia_u8

    function centra_distances_u8(points, n, d, ld, k, options, centers, sqdist, &
        ld_out) result(status) &
        bind(C, name="centra_distances_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, sqdist
      integer(c_size_t), intent(in), value :: ld_out
      integer(c_int32_t) :: status
    end function centra_distances_u8

    function centra_clusters_u8(points, n, d, ld, k, options, centers, labels, counts, weights, &
        inertia) &
        result(status) bind(C, name="centra_clusters_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points
      integer(c_size_t), intent(in), value :: n, d, ld, k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, counts, weights, inertia
      integer(c_int32_t) :: status
    end function centra_clusters_u8

    function centra_stream_workspace_size_u8(n, total, d, k, options, bytes) result(status) &
        bind(C, name="centra_stream_workspace_size_u8")
      import :: c_int32_t, c_int64_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      integer(c_int64_t), intent(in), value :: total
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_stream_workspace_size_u8

    function centra_stream_range_u8(points, n, d, ld, options, range, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_range_u8")
      import :: c_int32_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int32_t) :: status
    end function centra_stream_range_u8

    function centra_stream_sums_u8(points, n, d, ld, k, options, total, range, centers, labels, &
        wanted, sums, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_sums_u8")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, centers, labels, sums, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t), intent(in), value :: wanted
      integer(c_int32_t) :: status
    end function centra_stream_sums_u8

    function centra_stream_farthest_u8(points, n, d, ld, k, options, total, range, centers, sums, &
        first, farthest, length, workspace, workspace_bytes) &
        result(status) bind(C, name="centra_stream_farthest_u8")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, centers, sums, farthest, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, length, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total, first
      integer(c_int32_t) :: status
    end function centra_stream_farthest_u8

    function centra_stream_masses_u8(points, n, d, ld, k, options, total, range, candidates, &
        count, known, distances, masses, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_stream_masses_u8")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, candidates, distances, masses, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, known, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t) :: status
    end function centra_stream_masses_u8

    function centra_stream_draw_u8(points, n, d, ld, k, options, total, range, masses, candidates, &
        count, distances, round, first, rows, drawn, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_stream_draw_u8")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, masses, candidates, distances, rows, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t), intent(in), value :: round
      integer(c_int64_t), intent(in), value :: first
      integer(c_int64_t), intent(inout), optional :: drawn
      integer(c_int32_t) :: status
    end function centra_stream_draw_u8

    function centra_stream_weigh_u8(points, n, d, ld, k, options, total, range, candidates, count, &
        weights, workspace, workspace_bytes) result(status) bind(C, name="centra_stream_weigh_u8")
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t, centra_options
      implicit none
      type(c_ptr), intent(in), value :: points, range, candidates, weights, workspace
      integer(c_size_t), intent(in), value :: n, d, ld, k, count, workspace_bytes
      type(centra_options), intent(in), optional :: options
      integer(c_int64_t), intent(in), value :: total
      integer(c_int32_t) :: status
    end function centra_stream_weigh_u8

    !> Points in compressed sparse rows: a centra_csr in place of points, n, d and ld.
    function centra_workspace_size_csr(n, d, k, options, bytes) result(status) &
        bind(C, name="centra_workspace_size_csr")
      import :: c_int32_t, c_size_t, centra_options
      implicit none
      integer(c_size_t), intent(in), value :: n, d, k
      type(centra_options), intent(in), optional :: options
      integer(c_size_t), intent(inout), optional :: bytes
      integer(c_int32_t) :: status
    end function centra_workspace_size_csr

    function centra_fit_csr(points, k, options, centers, labels, report, workspace, &
        workspace_bytes) result(status) &
        bind(C, name="centra_fit_csr")
      import :: c_int32_t, c_ptr, c_size_t, centra_csr, centra_options, centra_report
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      type(centra_report), intent(inout), optional :: report
      type(c_ptr), intent(in), value :: workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_fit_csr

    function centra_assign_csr(points, k, options, centers, labels, sqdist, workspace, &
        workspace_bytes) result(status) &
        bind(C, name="centra_assign_csr")
      import :: c_int32_t, c_ptr, c_size_t, centra_csr, centra_options
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, sqdist, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_assign_csr

    function centra_update_csr(points, k, options, labels, centers, counts, workspace, &
        workspace_bytes) result(status) &
        bind(C, name="centra_update_csr")
      import :: c_int32_t, c_ptr, c_size_t, centra_csr, centra_options
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: labels, centers, counts, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_update_csr

    function centra_seed_csr(points, k, options, centers, workspace, workspace_bytes) result(status) &
        bind(C, name="centra_seed_csr")
      import :: c_int32_t, c_ptr, c_size_t, centra_csr, centra_options
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, workspace
      integer(c_size_t), intent(in), value :: workspace_bytes
      integer(c_int32_t) :: status
    end function centra_seed_csr

    function centra_inertia_csr(points, k, options, centers, labels, inertia) result(status) &
        bind(C, name="centra_inertia_csr")
      import :: c_double, c_int32_t, c_ptr, c_size_t, centra_csr, centra_options
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels
      real(c_double), intent(inout), optional :: inertia
      integer(c_int32_t) :: status
    end function centra_inertia_csr

    function centra_distances_csr(points, k, options, centers, sqdist, ld_out) result(status) &
        bind(C, name="centra_distances_csr")
      import :: c_int32_t, c_ptr, c_size_t, centra_csr, centra_options
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, sqdist
      integer(c_size_t), intent(in), value :: ld_out
      integer(c_int32_t) :: status
    end function centra_distances_csr

    function centra_clusters_csr(points, k, options, centers, labels, counts, weights, &
        inertia) result(status) &
        bind(C, name="centra_clusters_csr")
      import :: c_int32_t, c_ptr, c_size_t, centra_csr, centra_options
      implicit none
      type(centra_csr), intent(in) :: points
      integer(c_size_t), intent(in), value :: k
      type(centra_options), intent(in), optional :: options
      type(c_ptr), intent(in), value :: centers, labels, counts, weights, inertia
      integer(c_int32_t) :: status
    end function centra_clusters_csr

    !> These four return C strings that are never freed: `centra_string` makes Fortran text of them.
    pure function centra_status_message(status) result(text) bind(C, name="centra_status_message")
      import :: c_int32_t, c_ptr
      implicit none
      integer(c_int32_t), intent(in), value :: status
      type(c_ptr) :: text
    end function centra_status_message

    !> Of this thread's last refusal by the library, valid until its next one.
    function centra_error_detail() result(text) bind(C, name="centra_error_detail")
      import :: c_ptr
      implicit none
      type(c_ptr) :: text
    end function centra_error_detail

    pure function centra_version() result(text) bind(C, name="centra_version")
      import :: c_ptr
      implicit none
      type(c_ptr) :: text
    end function centra_version

    pure function centra_isa() result(text) bind(C, name="centra_isa")
      import :: c_ptr
      implicit none
      type(c_ptr) :: text
    end function centra_isa
  end interface
  public :: centra_options_init, centra_report_init, centra_watch_progress, centra_workspace_size
  public :: centra_options_init_sized, centra_report_init_sized
  public :: centra_fit, centra_assign, centra_update, centra_seed, centra_inertia
  public :: centra_fit_many, centra_fit_many_workspace_size
  public :: centra_workspace_size_f32, centra_fit_f32, centra_assign_f32, centra_update_f32
  public :: centra_seed_f32, centra_inertia_f32, centra_distances_f32, centra_clusters_f32
  public :: centra_stream_workspace_size_f32, centra_stream_range_f32
  public :: centra_stream_sums_f32, centra_stream_farthest_f32, centra_stream_masses_f32
  public :: centra_stream_draw_f32, centra_stream_weigh_f32
  public :: centra_workspace_size_u8, centra_fit_u8, centra_assign_u8, centra_update_u8
  public :: centra_seed_u8, centra_inertia_u8, centra_distances_u8, centra_clusters_u8
  public :: centra_stream_workspace_size_u8, centra_stream_range_u8
  public :: centra_stream_sums_u8, centra_stream_farthest_u8, centra_stream_masses_u8
  public :: centra_stream_draw_u8, centra_stream_weigh_u8
  public :: centra_workspace_size_csr, centra_fit_csr, centra_assign_csr, centra_update_csr
  public :: centra_seed_csr, centra_inertia_csr, centra_distances_csr, centra_clusters_csr
  public :: centra_distances, centra_clusters
  public :: centra_stream_range_length, centra_stream_sums_length, centra_stream_workspace_size
  public :: centra_stream_range, centra_stream_sums, centra_stream_means
  public :: centra_stream_state_init, centra_stream_step
  public :: centra_stream_farthest_length, centra_stream_farthest, centra_stream_farthest_join
  public :: centra_stream_relocate
  public :: centra_stream_candidates, centra_stream_due, centra_stream_masses, centra_stream_draw
  public :: centra_stream_weights_length, centra_stream_weigh, centra_stream_choose
  public :: centra_status_message, centra_error_detail, centra_version, centra_isa

  interface
    ! The C library's own: a program that links centra has it.
    pure function c_strlen(text) result(length) bind(C, name="strlen")
      import :: c_ptr, c_size_t
      implicit none
      type(c_ptr), intent(in), value :: text
      integer(c_size_t) :: length
    end function c_strlen
  end interface

  ! ---------------------------------------------------------------------------------------------
  ! The Fortran interface
  ! ---------------------------------------------------------------------------------------------

  ! Generic by the kind of points: `real(real64)`, `real(real32)`, or `integer(int8)`, whose elements are read as *unsigned* bytes, so
  ! that -1 is 255: Fortran has no type of its own for what images and quantized vectors are stored in. All are read where they lie,
  ! and the results are those of the same numbers as real64, bit for bit. Centers, and whatever else is real, are real64.

  ! Or sparse rows: of `kmeans_rows(values, columns, starts, d)`, where an element that is not stored is 0.

  ! Labels are `integer(int32)`, read and written where they lie, or `integer(int64)`, which default integers are with flags such as
  ! -fdefault-integer-8: of these a call makes a copy of 32 bits.

  !> Points in compressed sparse rows (CSR): `rows = kmeans_rows(values, columns, starts, d)`, and then
  !> `call kmeans_fit(rows, centers, labels)`. Point p has the coordinate `values(e)` in dimension `columns(e)` for e from `starts(p)`
  !> to `starts(p + 1) - 1`, and 0 in all others. Everything counts from 1, and the columns of a point ascend.
  interface kmeans_rows
    procedure :: rows_real64, rows_real32, rows_bytes
    procedure :: rows_real64_wide, rows_real32_wide, rows_bytes_wide
  end interface kmeans_rows

  !> Clusters points: `call kmeans_fit(points, centers, labels)`.
  interface kmeans_fit
    procedure :: fit_real64, fit_real32, fit_bytes
    procedure :: fit_real64_wide, fit_real32_wide, fit_bytes_wide
    procedure :: fit_rows, fit_rows_wide
  end interface kmeans_fit

  !> The nearest center of each point, and the squared distance to it.
  interface kmeans_assign
    procedure :: assign_real64, assign_real32, assign_bytes
    procedure :: assign_real64_wide, assign_real32_wide, assign_bytes_wide
    procedure :: assign_rows, assign_rows_wide
  end interface kmeans_assign

  !> The mean of each cluster's points.
  interface kmeans_update
    procedure :: update_real64, update_real32, update_bytes
    procedure :: update_real64_wide, update_real32_wide, update_bytes_wide
    procedure :: update_rows, update_rows_wide
  end interface kmeans_update

  !> Starting centers, drawn from the points.
  interface kmeans_seed
    procedure :: seed_real64, seed_real32, seed_bytes, seed_rows
  end interface kmeans_seed

  !> The sum of squared distances of the points to their centers.
  interface kmeans_inertia
    procedure :: inertia_real64, inertia_real32, inertia_bytes
    procedure :: inertia_real64_wide, inertia_real32_wide, inertia_bytes_wide
    procedure :: inertia_rows, inertia_rows_wide
  end interface kmeans_inertia

  !> The squared distances between all points and all centers.
  interface kmeans_distances
    procedure :: distances_real64, distances_real32, distances_bytes, distances_rows
  end interface kmeans_distances

  !> Points, weight and inertia of each cluster.
  interface kmeans_clusters
    procedure :: clusters_real64, clusters_real32, clusters_bytes
    procedure :: clusters_real64_wide, clusters_real32_wide, clusters_bytes_wide
    procedure :: clusters_rows, clusters_rows_wide
  end interface kmeans_clusters

  !> Bytes of workspace that one call of this shape needs: from the arrays of the call, or n, d, k, with points of real64.
  interface kmeans_workspace_size
    procedure :: workspace_size_real64, workspace_size_real32, workspace_size_bytes, workspace_size_rows
    procedure :: workspace_size_int32, workspace_size_int64
  end interface kmeans_workspace_size

  ! Points that are not in one place: every chunk adds to a range, to sums, to masses; the ranges of many places are joined by
  ! element-wise maximum, everything else by element-wise sum, and the result is the fit of all points, bit for bit.

  !> Elements of a range, 3 (d + 1).
  interface kmeans_stream_range_length
    procedure :: stream_range_length_int32, stream_range_length_int64
  end interface kmeans_stream_range_length

  !> Elements of the sums of a pass.
  interface kmeans_stream_sums_length
    procedure :: stream_sums_length_real64
  end interface kmeans_stream_sums_length

  !> Bytes of workspace that suffice for every call on a chunk like this one.
  interface kmeans_stream_workspace_size
    procedure :: stream_workspace_size_real64, stream_workspace_size_real32, stream_workspace_size_bytes
  end interface kmeans_stream_workspace_size

  !> Widens what is known of all points by a chunk.
  interface kmeans_stream_range
    procedure :: stream_range_real64, stream_range_real32, stream_range_bytes
  end interface kmeans_stream_range

  !> Labels a chunk and adds it to the sums.
  interface kmeans_stream_sums
    procedure :: stream_sums_real64, stream_sums_real32, stream_sums_bytes
    procedure :: stream_sums_real64_wide, stream_sums_real32_wide, stream_sums_bytes_wide
  end interface kmeans_stream_sums

  !> The means that sums of all points give.
  interface kmeans_stream_means
    procedure :: stream_means_real64
  end interface kmeans_stream_means

  !> Moves the centers to the means, and tells whether the loop has come to its end.
  interface kmeans_stream_step
    procedure :: stream_step_real64
  end interface kmeans_stream_step

  !> Elements of the list of farthest points, for empty clusters to take; 0, if none takes one.
  interface kmeans_stream_farthest_length
    procedure :: stream_farthest_length_real64
  end interface kmeans_stream_farthest_length

  !> Joins a list of farthest points with those of a chunk.
  interface kmeans_stream_farthest
    procedure :: stream_farthest_real64, stream_farthest_real32, stream_farthest_bytes
  end interface kmeans_stream_farthest

  !> Joins two lists of farthest points of different chunks.
  interface kmeans_stream_farthest_join
    procedure :: stream_farthest_join_real64
  end interface kmeans_stream_farthest_join

  !> `kmeans_stream_step`, in which empty clusters take the farthest points.
  interface kmeans_stream_relocate
    procedure :: stream_relocate_real64
  end interface kmeans_stream_relocate

  !> How many candidates k-means|| needs room for.
  interface kmeans_stream_candidates
    procedure :: stream_candidates_real64
  end interface kmeans_stream_candidates

  !> Whether another round of k-means|| is due.
  interface kmeans_stream_due
    procedure :: stream_due_real64
  end interface kmeans_stream_due

  !> The first half of a round of k-means||.
  interface kmeans_stream_masses
    procedure :: stream_masses_real64, stream_masses_real32, stream_masses_bytes
  end interface kmeans_stream_masses

  !> The second half of a round of k-means||.
  interface kmeans_stream_draw
    procedure :: stream_draw_real64, stream_draw_real32, stream_draw_bytes
  end interface kmeans_stream_draw

  !> The weights of the candidates, after all rounds.
  interface kmeans_stream_weights_length
    procedure :: stream_weights_length_real64
  end interface kmeans_stream_weights_length

  interface kmeans_stream_weigh
    procedure :: stream_weigh_real64, stream_weigh_real32, stream_weigh_bytes
  end interface kmeans_stream_weigh

  !> The starting centers among the candidates.
  interface kmeans_stream_choose
    procedure :: stream_choose_real64
  end interface kmeans_stream_choose

  public :: kmeans_stream_range_length, kmeans_stream_sums_length, kmeans_stream_workspace_size
  public :: kmeans_stream_range, kmeans_stream_sums, kmeans_stream_means, kmeans_stream_step
  public :: kmeans_stream_farthest_length, kmeans_stream_farthest, kmeans_stream_farthest_join
  public :: kmeans_stream_relocate
  public :: kmeans_stream_candidates, kmeans_stream_due, kmeans_stream_masses, kmeans_stream_draw
  public :: kmeans_stream_weights_length, kmeans_stream_weigh, kmeans_stream_choose
  public :: kmeans_fit, kmeans_assign, kmeans_update, kmeans_seed, kmeans_inertia
  public :: kmeans_distances, kmeans_clusters
  public :: kmeans_workspace_size, kmeans_status_message, kmeans_version, kmeans_isa
  public :: centra_string

  ! Arguments of the procedures below that have a rule of their own:
  !
  ! `points(:, :)` is assumed-shape and *not* `contiguous`. With `contiguous` the compiler would pack a
  ! section such as tall(1:d, :) into a copy before each call. Without it the array arrives with its
  ! strides, and the distance of two columns is just C's leading dimension: sections of whole columns,
  ! of every second column, or of the first d rows of a taller array are clustered where they lie. A
  ! stride inside a point is what C cannot express, and is refused, not copied.
  !
  ! Every other array is assumed-shape for the same reason, and refused unless contiguous.
  !
  ! Outputs are intent(inout), since a refused call leaves them as they were: an intent(out) argument
  ! would be undefined on return, and a compiler may act on that. Only `stat` and `status` are always
  ! defined.
  !
  ! `target`: the library reads and writes through addresses, which the compiler has to know.
  !
  ! `stat` and `errmsg` are as those of the allocate statement: without `stat` a refused call is an error
  ! stop with the reason, with it the reason is in `errmsg`, which keeps its value when nothing was
  ! refused. `stat` is a default integer, whatever size a flag of the compiler gives these. `status` and
  ! `message` say the same; `status` has 32 bits always.
  !
  ! `recursive`: so is every procedure of Fortran 2018, but older modes of compilers put locals of the
  ! others in static memory, and two threads must not share them; also, a progress procedure may fit.

  integer, parameter :: reason_length = 512

  !> Where an array of two dimensions lies, whatever its elements are.
  type :: points_t
    type(c_ptr) :: at = c_null_ptr
    integer(c_size_t) :: extents(2) = 0
    integer(c_intptr_t) :: bytes = 0       !< of an element
    integer(c_intptr_t) :: apart(2) = 0    !< bytes from one element to the next, along each dimension of two elements or more
    type(centra_csr) :: rows               !< of sparse rows, in place of all others, and the size of the struct is then not 0
    character(len=80) :: refusal = ' '     !< what is wrong with these
  end type points_t

  interface seen
    procedure :: seen_real64, seen_real32, seen_bytes, seen_rows
  end interface seen

  !> One call as C will see it, gathered and checked argument by argument. `refusal` is the first
  !> thing found wrong; what follows it changes nothing any more.
  type :: call_t
    type(centra_options) :: options
    type(c_ptr) :: points = c_null_ptr
    type(c_ptr) :: centers = c_null_ptr
    type(c_ptr) :: labels = c_null_ptr
    type(c_ptr) :: workspace = c_null_ptr
    type(c_ptr) :: range = c_null_ptr
    type(c_ptr) :: sums = c_null_ptr
    type(c_ptr) :: candidates = c_null_ptr
    integer(c_int64_t) :: total = 0
    integer(c_size_t) :: count = 0
    integer(c_size_t) :: n = 0
    integer(c_size_t) :: d = 0
    integer(c_size_t) :: ld = 0
    integer(c_size_t) :: k = 0
    integer(c_size_t) :: workspace_bytes = 0
    integer(c_int32_t) :: status = CENTRA_OK
    character(len=reason_length) :: refusal = ' '
    integer(int32), allocatable :: narrow(:)   !< what the library sees of labels of 64 bits
  end type call_t

contains

  ! ---------------------------------------------------------------------------------------------
  ! kmeans_*
  ! ---------------------------------------------------------------------------------------------

  ! What all kinds of points share: each procedure here takes where the points lie, and the C function for their kind. Those that the
  ! generic names stand for, which see to that, are further below.

  !> Clusters `points(d, n)` around `centers(d, k)`; the shape of `centers` says how many clusters.
  !> With `options%init = CENTRA_INIT_GIVEN`, `centers` holds the start on entry. A cancelled fit is
  !> not an error: its outputs are valid, and report%stopped_by is CENTRA_STOPPED.
  recursive subroutine fit_points(library, points, centers, options, weights, report, workspace, status, &
      message, stat, errmsg, labels, wide)
    procedure(centra_fit) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int32), intent(inout), target, optional :: labels(:)     !< n, from 1 to k
    integer(int64), intent(inout), optional :: wide(:)               !< in place of `labels`
    type(call_t), target :: this
    type(centra_report) :: done

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_labels(this, labels, wide)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      done%struct_size = c_sizeof(done)
      if (points%rows%struct_size > 0) then
        this%status = centra_fit_csr(points%rows, this%k, this%options, this%centers, this%labels, done, &
            this%workspace, this%workspace_bytes)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%centers, this%labels, done, this%workspace, this%workspace_bytes)
      end if
      if (present(report) .and. this%status >= CENTRA_OK) report = done
    end if
    call return_labels(this, wide)
    call conclude(this, status, message, stat, errmsg)
  end subroutine fit_points

  !> The nearest of `centers(d, k)` for each of `points(d, n)`; of equally near ones the first. There may be
  !> fewer points than centers, and none; so too for kmeans_update and kmeans_inertia.
  recursive subroutine assign_points(library, points, centers, sqdist, options, workspace, status, message, &
      stat, errmsg, labels, wide)
    procedure(centra_assign) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout), target, optional :: sqdist(:)       !< n
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int32), intent(inout), target, optional :: labels(:)     !< n, from 1 to k
    integer(int64), intent(inout), optional :: wide(:)               !< in place of `labels`
    type(call_t), target :: this
    type(c_ptr) :: distances

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_labels(this, labels, wide)
    distances = c_null_ptr
    if (present(sqdist)) call take_reals(this, 'sqdist', sqdist, this%n, 'points', distances)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      if (points%rows%struct_size > 0) then
        this%status = centra_assign_csr(points%rows, this%k, this%options, this%centers, this%labels, distances, &
            this%workspace, this%workspace_bytes)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%centers, this%labels, distances, this%workspace, this%workspace_bytes)
      end if
    end if
    call return_labels(this, wide)
    call conclude(this, status, message, stat, errmsg)
  end subroutine assign_points

  !> The mean of the points of each label. `centers` is read only where clusters are empty, which keep theirs, or take the points
  !> that are farthest from those they were labelled by.
  recursive subroutine update_points(library, points, centers, counts, options, weights, workspace, status, &
      message, stat, errmsg, labels, wide)
    procedure(centra_update) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)     !< k
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int32), intent(in), target, optional :: labels(:)        !< n, from 1 to k
    integer(int64), intent(in), optional :: wide(:)                  !< in place of `labels`
    type(call_t), target :: this
    type(c_ptr) :: members

    call take_options(this, options)
    call take_points(this, points)
    call take_labels(this, labels, wide)
    call take_centers(this, centers)
    members = c_null_ptr
    if (present(counts)) call take_int64s(this, 'counts', counts, this%k, 'centers', members)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      if (points%rows%struct_size > 0) then
        this%status = centra_update_csr(points%rows, this%k, this%options, this%labels, this%centers, members, &
            this%workspace, this%workspace_bytes)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%labels, this%centers, members, this%workspace, this%workspace_bytes)
      end if
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine update_points

  !> Starting centers by `options%init`: k-means++ or distinct random points.
  recursive subroutine seed_points(library, points, centers, options, weights, workspace, status, message, &
      stat, errmsg)
    procedure(centra_seed) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      if (points%rows%struct_size > 0) then
        this%status = centra_seed_csr(points%rows, this%k, this%options, this%centers, this%workspace, &
            this%workspace_bytes)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%centers, this%workspace, this%workspace_bytes)
      end if
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine seed_points

  !> The exact sum, rounded once, of the (weighted) squared distances of points to their centers.
  recursive subroutine inertia_points(library, points, centers, inertia, options, weights, status, message, &
      stat, errmsg, labels, wide)
    procedure(centra_inertia) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int32), intent(in), target, optional :: labels(:)        !< n, from 1 to k
    integer(int64), intent(in), optional :: wide(:)                  !< in place of `labels`
    type(call_t), target :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_labels(this, labels, wide)
    if (present(weights)) call take_weights(this, weights)
    if (this%status == CENTRA_OK) then
      if (points%rows%struct_size > 0) then
        this%status = centra_inertia_csr(points%rows, this%k, this%options, this%centers, this%labels, inertia)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%centers, this%labels, inertia)
      end if
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine inertia_points

  !> The squared distances between all points and all centers: that of point p and center j in `sqdist(j, p)`, whatever the layout
  !> of the points. `sqdist` may be a section of whole columns, or of the first k rows of a taller array.
  recursive subroutine distances_points(library, points, centers, sqdist, options, status, message, stat, &
      errmsg)
    procedure(centra_distances) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout), target :: sqdist(:, :)              !< k, n
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: table
    integer(c_size_t) :: ld_out

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_table(this, sqdist, table, ld_out)
    if (this%status == CENTRA_OK) then
      if (points%rows%struct_size > 0) then
        this%status = centra_distances_csr(points%rows, this%k, this%options, this%centers, table, ld_out)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%centers, table, ld_out)
      end if
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine distances_points

  !> Of each cluster the number of points, the sum of their weights, and the inertia: exact sums, each rounded once, so that the
  !> inertias of the clusters, added, need not equal that of all.
  recursive subroutine clusters_points(library, points, centers, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg, labels, wide)
    procedure(centra_clusters) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)     !< k
    real(real64), intent(inout), target, optional :: sums(:)         !< k: sums of weights; without weights the counts
    real(real64), intent(inout), target, optional :: inertias(:)     !< k
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int32), intent(in), target, optional :: labels(:)        !< n, from 1 to k
    integer(int64), intent(in), optional :: wide(:)                  !< in place of `labels`
    type(call_t), target :: this
    type(c_ptr) :: members, weighed, spread_out

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_labels(this, labels, wide)
    members = c_null_ptr
    weighed = c_null_ptr
    spread_out = c_null_ptr
    if (present(counts)) call take_int64s(this, 'counts', counts, this%k, 'centers', members)
    if (present(sums)) call take_reals(this, 'sums', sums, this%k, 'centers', weighed)
    if (present(inertias)) call take_reals(this, 'inertias', inertias, this%k, 'centers', spread_out)
    if (present(weights)) call take_weights(this, weights)
    if (this%status == CENTRA_OK) then
      if (points%rows%struct_size > 0) then
        this%status = centra_clusters_csr(points%rows, this%k, this%options, this%centers, this%labels, members, &
            weighed, spread_out)
      else
        this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
            this%centers, this%labels, members, weighed, spread_out)
      end if
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine clusters_points

  !> Bytes for a call with these arrays: `allocate(workspace(kmeans_workspace_size(points, centers)))`.
  !> It serves every procedure with these options, with weights or without. 0 when refused.
  recursive function workspace_size_points(library, points, centers, options, status, message, stat, errmsg) &
      result(bytes)
    procedure(centra_workspace_size) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes
    type(call_t) :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call query_workspace(this, library, bytes)
    call conclude(this, status, message, stat, errmsg)
  end function workspace_size_points

  recursive function workspace_size_int32(n, d, k, options, status, message, stat, errmsg) result(bytes)
    integer(int32), intent(in) :: n, d, k
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = workspace_size_int64(int(n, int64), int(d, int64), int(k, int64), options, status, message, stat, &
        errmsg)
  end function workspace_size_int32

  recursive function workspace_size_int64(n, d, k, options, status, message, stat, errmsg) result(bytes)
    integer(int64), intent(in) :: n, d, k
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes
    type(call_t) :: this

    call take_options(this, options)
    ! C has no negative sizes: -1 would arrive as the largest one.
    if (min(n, d, k) < 0) call refuse(this, CENTRA_ERR_SHAPE, 'n, d, k: a size is negative')
    this%n = n
    this%d = d
    this%k = k
    call query_workspace(this, centra_workspace_size, bytes)
    call conclude(this, status, message, stat, errmsg)
  end function workspace_size_int64

  !> The larger of what the call needs with and without weights: the query learns of weights by their
  !> address, which it does not read, and the shape alone does not tell.
  recursive subroutine query_workspace(this, library, bytes)
    type(call_t), intent(inout) :: this
    procedure(centra_workspace_size) :: library
    integer(int64), intent(out) :: bytes
    real(c_double), target :: some_weight
    integer(c_size_t) :: plain, weighted

    plain = 0
    weighted = 0
    if (this%status == CENTRA_OK) then
      this%status = library(this%n, this%d, this%k, this%options, plain)
    end if
    if (this%status == CENTRA_OK) then
      some_weight = 1
      this%options%weights = c_loc(some_weight)
      this%status = library(this%n, this%d, this%k, this%options, weighted)
    end if
    bytes = 0
    if (this%status == CENTRA_OK) bytes = max(plain, weighted)
  end subroutine query_workspace

  ! ---------------------------------------------------------------------------------------------
  ! kmeans_stream_*
  ! ---------------------------------------------------------------------------------------------

  !> Elements of a range of points in d dimensions. 0 when refused.
  recursive function stream_range_length_int64(d, status, message, stat, errmsg) result(length)
    integer(int64), intent(in) :: d
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: length
    type(call_t) :: this
    integer(c_size_t) :: elements

    elements = 0
    this%status = centra_stream_range_length(int(max(d, 0_int64), c_size_t), elements)
    length = elements
    call conclude(this, status, message, stat, errmsg)
  end function stream_range_length_int64

  recursive function stream_range_length_int32(d, status, message, stat, errmsg) result(length)
    integer(int32), intent(in) :: d
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: length

    length = stream_range_length_int64(int(d, int64), status, message, stat, errmsg)
  end function stream_range_length_int32

  !> Elements of the sums of `total` points of this range; d and k are those of `centers(d, k)`. 0 when refused.
  recursive function stream_sums_length_real64(centers, total, range, status, message, stat, errmsg) &
      result(length)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: length
    type(call_t) :: this
    integer(c_size_t) :: elements

    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    elements = 0
    call query_sums(this, elements)
    length = elements
    call conclude(this, status, message, stat, errmsg)
  end function stream_sums_length_real64

  !> Bytes for every call on a chunk of as many points as these, with weights or without. 0 when refused.
  recursive function stream_workspace_size_points(library, points, centers, total, options, status, message, &
      stat, errmsg) result(bytes)
    procedure(centra_stream_workspace_size) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes
    type(call_t) :: this
    real(c_double), target :: some_weight
    integer(c_size_t) :: plain, weighted

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    plain = 0
    weighted = 0
    if (this%status == CENTRA_OK) then
      this%status = library(this%n, total, this%d, this%k, this%options, plain)
    end if
    if (this%status == CENTRA_OK) then
      some_weight = 1
      this%options%weights = c_loc(some_weight)
      this%status = library(this%n, total, this%d, this%k, this%options, weighted)
    end if
    bytes = 0
    if (this%status == CENTRA_OK) bytes = max(plain, weighted)
    call conclude(this, status, message, stat, errmsg)
  end function stream_workspace_size_points

  !> Widens `range`, which is 0 in the beginning, by a chunk of points, which may be none.
  recursive subroutine stream_range_points(library, points, range, options, weights, workspace, status, &
      message, stat, errmsg)
    procedure(centra_stream_range) :: library
    type(points_t), intent(in) :: points
    integer(int32), intent(inout), target :: range(:)                !< 3 (d + 1)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_range(this, range)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = library(this%points, this%n, this%d, this%ld, this%options, this%range, &
          this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_range_points

  !> Labels a chunk of points by `centers` and adds it to `sums`, which are 0 in the beginning of a pass. If CENTRA_STREAM_MOVED
  !> is wanted, `labels` holds those of the last pass over this chunk on entry.
  recursive subroutine stream_sums_points(library, points, centers, total, range, sums, wanted, options, &
      weights, workspace, status, message, stat, errmsg, labels, wide)
    procedure(centra_stream_sums) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(inout), target :: sums(:)                 !< kmeans_stream_sums_length
    integer(int32), intent(in), optional :: wanted                   !< CENTRA_STREAM_INERTIA
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int32), intent(inout), target, optional :: labels(:)     !< n, from 1 to k
    integer(int64), intent(inout), optional :: wide(:)               !< in place of `labels`
    type(call_t), target :: this
    integer(int32) :: also

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_sums(this, sums)
    call take_labels(this, labels, wide)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    also = CENTRA_STREAM_INERTIA
    if (present(wanted)) also = wanted
    if (this%status == CENTRA_OK) then
      this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%total, this%range, this%centers, this%labels, also, this%sums, this%workspace, &
          this%workspace_bytes)
    end if
    call return_labels(this, wide)
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_sums_points

  !> Moves `centers` to the means that `sums` of all points give them.
  recursive subroutine stream_means_real64(centers, total, range, sums, counts, status, message, stat, errmsg)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(in), target :: sums(:)                    !< kmeans_stream_sums_length
    integer(int64), intent(inout), target, optional :: counts(:)     !< k
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: members

    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_sums(this, sums)
    members = c_null_ptr
    if (present(counts)) call take_int64s(this, 'counts', counts, this%k, 'centers', members)
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_means(this%total, this%d, this%k, this%range, this%sums, &
          this%centers, members)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_means_real64

  !> After a pass of all chunks: tells by `state%done` whether it was the last, and if not moves `centers` to the means. Under
  !> CENTRA_EMPTY_RELOCATE, the default, a cluster that would take a point is refused: `kmeans_stream_relocate` is the call.
  recursive subroutine stream_step_real64(centers, total, range, sums, state, options, status, message, stat, &
      errmsg)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(in), target :: sums(:)                    !< kmeans_stream_sums_length
    type(centra_stream_state), intent(inout) :: state
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(centra_stream_state) :: next

    call take_options(this, options)
    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_sums(this, sums)
    next = state
    if (next%struct_size == 0) call centra_stream_state_init(next, c_sizeof(next))
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_step(this%total, this%d, this%k, this%options, this%range, this%sums, &
          this%centers, next)
      if (this%status >= CENTRA_OK) state = next
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_step_real64

  !> After a pass of all chunks: elements of the list of farthest points that `kmeans_stream_relocate` needs; 0, if no cluster takes a
  !> point, and when refused.
  recursive function stream_farthest_length_real64(centers, total, range, sums, state, options, status, &
      message, stat, errmsg) result(length)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(in), target :: sums(:)                    !< kmeans_stream_sums_length
    type(centra_stream_state), intent(in) :: state
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: length
    type(call_t) :: this
    type(centra_stream_state) :: current
    integer(c_size_t) :: elements

    call take_options(this, options)
    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_sums(this, sums)
    current = state
    if (current%struct_size == 0) call centra_stream_state_init(current, c_sizeof(current))
    elements = 0
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_farthest_length(this%total, this%d, this%k, this%options, this%range, &
          this%sums, this%centers, current, elements)
    end if
    length = elements
    call conclude(this, status, message, stat, errmsg)
  end function stream_farthest_length_real64

  !> Joins `farthest`, 0 in the beginning, with the points of a chunk that are farthest from their nearest `centers`; `sums` are those of
  !> all points and these centers, and `first` is the number of the chunk's first point among all, from 1.
  recursive subroutine stream_farthest_points(library, points, centers, total, range, sums, first, farthest, &
      options, weights, workspace, status, message, stat, errmsg)
    procedure(centra_stream_farthest) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(in), target :: sums(:)                    !< kmeans_stream_sums_length
    integer(int64), intent(in) :: first
    integer(int64), intent(inout), target :: farthest(:)             !< kmeans_stream_farthest_length
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: list

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_sums(this, sums)
    if (first < 1) call refuse(this, CENTRA_ERR_SHAPE, 'first: points count from 1')
    list = c_null_ptr
    call take_int64s(this, 'farthest', farthest, size(farthest, kind=c_size_t), 'in it', list)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%total, this%range, this%centers, this%sums, first - 1, list, size(farthest, kind=c_size_t), &
          this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_farthest_points

  !> Joins the list `farthest` with another of as many elements, `from`; both are of points and `centers(d, k)` of d dimensions.
  recursive subroutine stream_farthest_join_real64(centers, from, farthest, status, message, stat, errmsg)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in), target :: from(:)
    integer(int64), intent(inout), target :: farthest(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: other, list
    integer(c_size_t) :: length

    length = size(farthest, kind=c_size_t)
    other = c_null_ptr
    list = c_null_ptr
    call take_int64s(this, 'from', from, length, 'in farthest', other)
    call take_int64s(this, 'farthest', farthest, length, 'in it', list)
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_farthest_join(size(centers, 1, c_size_t), length, other, list)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_farthest_join_real64

  !> `kmeans_stream_step`, in which empty clusters take points of `farthest`, the joined list of all chunks, of as many elements as
  !> kmeans_stream_farthest_length tells, perhaps none. In `sums` these points are moved.
  recursive subroutine stream_relocate_real64(centers, total, range, sums, farthest, state, options, status, &
      message, stat, errmsg)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(inout), target :: sums(:)                 !< kmeans_stream_sums_length
    integer(int64), intent(in), target :: farthest(:)                !< kmeans_stream_farthest_length
    type(centra_stream_state), intent(inout) :: state
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(centra_stream_state) :: next
    type(c_ptr) :: list

    call take_options(this, options)
    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_sums(this, sums)
    list = c_null_ptr
    call take_int64s(this, 'farthest', farthest, size(farthest, kind=c_size_t), 'in it', list)
    next = state
    if (next%struct_size == 0) call centra_stream_state_init(next, c_sizeof(next))
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_relocate(this%total, this%d, this%k, this%options, this%range, this%sums, &
          list, size(farthest, kind=c_size_t), this%centers, next)
      if (this%status >= CENTRA_OK) state = next
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_relocate_real64

  !> How many candidates one round draws at most for `centers(d, k)`, and how many all rounds do.
  recursive subroutine stream_candidates_real64(centers, of_round, of_all, status, message, stat, errmsg)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(inout) :: of_round, of_all
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    integer(c_size_t) :: one, all

    one = 0
    all = 0
    this%status = centra_stream_candidates(size(centers, 2, c_size_t), one, all)
    if (this%status == CENTRA_OK) then
      of_round = one
      of_all = all
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_candidates_real64

  !> Whether round `round`, from 0, is due when `count` candidates are known; `masses` are the reduced ones of the round before.
  recursive function stream_due_real64(centers, round, count, masses, status, message, stat, errmsg) result(due)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in) :: round
    integer(int64), intent(in) :: count
    integer(int64), intent(in), target :: masses(:)                  !< CENTRA_STREAM_MASS_DIGITS
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    logical :: due
    type(call_t) :: this
    type(c_ptr) :: at

    due = .false.
    at = c_null_ptr
    if (round < 0 .or. count < 0) call refuse(this, CENTRA_ERR_SHAPE, 'round, count: one is negative')
    call take_masses(this, masses, at)
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_due(size(centers, 2, c_size_t), round, int(count, c_size_t), at)
      due = this%status == 1
      if (due) this%status = CENTRA_OK
    end if
    call conclude(this, status, message, stat, errmsg)
  end function stream_due_real64

  !> Adds the masses of a chunk to `masses`, which are 0 in the beginning of a round. `centers(d, k)` says how many are to come,
  !> and is not read. `distances` are those to the nearest of the first `known` candidates on entry, to that of all on return.
  recursive subroutine stream_masses_points(library, points, centers, total, range, candidates, masses, &
      distances, known, options, weights, workspace, status, message, stat, errmsg)
    procedure(centra_stream_masses) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    real(real64), intent(in), target :: candidates(:, :)             !< (d, count)
    integer(int64), intent(inout), target :: masses(:)               !< CENTRA_STREAM_MASS_DIGITS
    real(real64), intent(inout), target, optional :: distances(:)    !< n
    integer(int64), intent(in), optional :: known                    !< 0
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: at, far
    integer(c_size_t) :: compared

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_candidates(this, candidates)
    at = c_null_ptr
    call take_masses(this, masses, at)
    far = c_null_ptr
    if (present(distances)) call take_reals(this, 'distances', distances, this%n, 'points', far)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    compared = 0
    if (present(known)) then
      if (known < 0) call refuse(this, CENTRA_ERR_SHAPE, 'known: negative')
      compared = known
    end if
    if (this%status == CENTRA_OK) then
      this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%total, this%range, this%candidates, this%count, compared, far, at, this%workspace, &
          this%workspace_bytes)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_masses_points

  !> Draws points of a chunk, the first of which is number `first` of all points, from 1, by the reduced `masses`. They follow the
  !> `drawn` rows that are there.
  recursive subroutine stream_draw_points(library, points, centers, total, range, masses, candidates, round, &
      first, rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
    procedure(centra_stream_draw) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(in), target :: masses(:)                  !< CENTRA_STREAM_MASS_DIGITS
    real(real64), intent(in), target :: candidates(:, :)             !< (d, count)
    integer(int32), intent(in) :: round                              !< from 0
    integer(int64), intent(in) :: first
    real(real64), intent(inout), target :: rows(:, :)                !< (d, of_round)
    integer(int64), intent(inout) :: drawn
    real(real64), intent(in), target, optional :: distances(:)       !< n
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: at, far, to
    integer(c_size_t) :: of_round, of_all
    integer(c_int32_t) :: known

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_candidates(this, candidates)
    at = c_null_ptr
    call take_masses(this, masses, at)
    far = c_null_ptr
    if (present(distances)) call take_reals(this, 'distances', distances, this%n, 'points', far)
    if (first < 1) call refuse(this, CENTRA_ERR_SHAPE, 'first: points count from 1')
    if (round < 0) call refuse(this, CENTRA_ERR_SHAPE, 'round: negative')
    of_round = 0
    to = c_null_ptr
    known = centra_stream_candidates(this%k, of_round, of_all)
    if (known /= CENTRA_OK) call refuse(this, known, 'centers: no number of centers')
    call take_rows(this, 'rows', rows, to)
    if (size(rows, 2, c_size_t) /= of_round) then
      call refuse(this, CENTRA_ERR_SHAPE, 'rows: not as many as a round draws; ask kmeans_stream_candidates')
    end if
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%total, this%range, at, this%candidates, this%count, far, round, first - 1, to, drawn, &
          this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_draw_points

  !> Elements of the weights of `count` candidates: one for each, but up to three where `total` is more than 2^22 and points
  !> have weights. 0 when refused.
  recursive function stream_weights_length_real64(centers, total, range, count, status, message, stat, errmsg) &
      result(length)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    integer(int64), intent(in) :: count
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: length
    type(call_t) :: this
    integer(c_size_t) :: elements

    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    this%count = count
    elements = 0
    call query_weights(this, elements)
    length = elements
    call conclude(this, status, message, stat, errmsg)
  end function stream_weights_length_real64

  !> Adds the weights of a chunk's points to those of the candidates they are nearest to, 0 in the beginning.
  recursive subroutine stream_weigh_points(library, points, centers, total, range, candidates, &
      candidate_weights, options, weights, workspace, status, message, stat, errmsg)
    procedure(centra_stream_weigh) :: library
    type(points_t), intent(in) :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    real(real64), intent(in), target :: candidates(:, :)             !< (d, count)
    integer(int64), intent(inout), target :: candidate_weights(:)    !< kmeans_stream_weights_length
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: at

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_candidates(this, candidates)
    call take_shares(this, candidate_weights, at)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = library(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%total, this%range, this%candidates, this%count, at, this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_weigh_points

  !> Chooses the starting centers among the candidates by their reduced weights.
  recursive subroutine stream_choose_real64(centers, total, range, candidates, candidate_weights, options, &
      workspace, status, message, stat, errmsg)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)                   !< 3 (d + 1)
    real(real64), intent(in), target :: candidates(:, :)             !< (d, count)
    integer(int64), intent(in), target :: candidate_weights(:)       !< kmeans_stream_weights_length
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(call_t) :: this
    type(c_ptr) :: at

    call take_options(this, options)
    this%d = size(centers, 1, c_size_t)
    call take_centers(this, centers)
    call take_stream(this, total, range)
    call take_candidates(this, candidates)
    call take_shares(this, candidate_weights, at)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = centra_stream_choose(this%total, this%d, this%k, this%options, this%range, &
          this%candidates, this%count, at, this%centers, this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message, stat, errmsg)
  end subroutine stream_choose_real64

  ! ---------------------------------------------------------------------------------------------
  ! Sparse rows
  ! ---------------------------------------------------------------------------------------------

  ! `values` are pointers, so that the compiler takes targets only: where they lie is kept.

  recursive function rows_real64(values, columns, starts, d) result(rows)
    real(real64), pointer, intent(in) :: values(:)
    integer(int32), intent(in) :: columns(:)
    integer(int32), intent(in) :: starts(:)
    integer, intent(in) :: d
    type(kmeans_rows) :: rows

    if (size(values, kind=c_size_t) > 0) rows%rows%values = c_loc(values(1))
    if (.not. is_contiguous(values)) rows%refusal = 'values: not contiguous, and a copy would be hidden work'
    rows%rows%value_type = CENTRA_F64
    call take_indices(rows, size(values, kind=c_size_t), columns, starts, d)
  end function rows_real64

  recursive function rows_real64_wide(values, columns, starts, d) result(rows)
    real(real64), pointer, intent(in) :: values(:)
    integer(int64), intent(in) :: columns(:)
    integer(int64), intent(in) :: starts(:)
    integer, intent(in) :: d
    type(kmeans_rows) :: rows

    if (size(values, kind=c_size_t) > 0) rows%rows%values = c_loc(values(1))
    if (.not. is_contiguous(values)) rows%refusal = 'values: not contiguous, and a copy would be hidden work'
    rows%rows%value_type = CENTRA_F64
    call take_wide_indices(rows, size(values, kind=c_size_t), columns, starts, d)
  end function rows_real64_wide

  recursive function rows_real32(values, columns, starts, d) result(rows)
    real(real32), pointer, intent(in) :: values(:)
    integer(int32), intent(in) :: columns(:)
    integer(int32), intent(in) :: starts(:)
    integer, intent(in) :: d
    type(kmeans_rows) :: rows

    if (size(values, kind=c_size_t) > 0) rows%rows%values = c_loc(values(1))
    if (.not. is_contiguous(values)) rows%refusal = 'values: not contiguous, and a copy would be hidden work'
    rows%rows%value_type = CENTRA_F32
    call take_indices(rows, size(values, kind=c_size_t), columns, starts, d)
  end function rows_real32

  recursive function rows_real32_wide(values, columns, starts, d) result(rows)
    real(real32), pointer, intent(in) :: values(:)
    integer(int64), intent(in) :: columns(:)
    integer(int64), intent(in) :: starts(:)
    integer, intent(in) :: d
    type(kmeans_rows) :: rows

    if (size(values, kind=c_size_t) > 0) rows%rows%values = c_loc(values(1))
    if (.not. is_contiguous(values)) rows%refusal = 'values: not contiguous, and a copy would be hidden work'
    rows%rows%value_type = CENTRA_F32
    call take_wide_indices(rows, size(values, kind=c_size_t), columns, starts, d)
  end function rows_real32_wide

  recursive function rows_bytes(values, columns, starts, d) result(rows)
    integer(int8), pointer, intent(in) :: values(:)
    integer(int32), intent(in) :: columns(:)
    integer(int32), intent(in) :: starts(:)
    integer, intent(in) :: d
    type(kmeans_rows) :: rows

    if (size(values, kind=c_size_t) > 0) rows%rows%values = c_loc(values(1))
    if (.not. is_contiguous(values)) rows%refusal = 'values: not contiguous, and a copy would be hidden work'
    rows%rows%value_type = CENTRA_U8
    call take_indices(rows, size(values, kind=c_size_t), columns, starts, d)
  end function rows_bytes

  recursive function rows_bytes_wide(values, columns, starts, d) result(rows)
    integer(int8), pointer, intent(in) :: values(:)
    integer(int64), intent(in) :: columns(:)
    integer(int64), intent(in) :: starts(:)
    integer, intent(in) :: d
    type(kmeans_rows) :: rows

    if (size(values, kind=c_size_t) > 0) rows%rows%values = c_loc(values(1))
    if (.not. is_contiguous(values)) rows%refusal = 'values: not contiguous, and a copy would be hidden work'
    rows%rows%value_type = CENTRA_U8
    call take_wide_indices(rows, size(values, kind=c_size_t), columns, starts, d)
  end function rows_bytes_wide

  !> Columns and starts as the library counts them; what would wrap is as surely no index.
  recursive subroutine take_indices(rows, stored, columns, starts, d)
    type(kmeans_rows), intent(inout) :: rows
    integer(c_size_t), intent(in) :: stored
    integer(int32), intent(in) :: columns(:), starts(:)
    integer, intent(in) :: d
    integer(c_size_t) :: last

    last = size(starts, kind=c_size_t)
    rows%rows%n = max(last, 1_c_size_t) - 1
    rows%rows%d = max(d, 0)
    rows%rows%index_bytes = 4
    rows%columns = max(columns, 0_int32) - 1_int32
    rows%starts = max(starts, 0_int32) - 1_int32
    if (last == 0) then
      rows%refusal = 'starts: no elements, where there is one more than points'
    else
      call check_indices(rows, stored, size(columns, kind=c_size_t), int(starts(1), int64), int(starts(last), int64))
    end if
  end subroutine take_indices

  !> The same of 64 bits.
  recursive subroutine take_wide_indices(rows, stored, columns, starts, d)
    type(kmeans_rows), intent(inout) :: rows
    integer(c_size_t), intent(in) :: stored
    integer(int64), intent(in) :: columns(:), starts(:)
    integer, intent(in) :: d
    integer(c_size_t) :: last

    last = size(starts, kind=c_size_t)
    rows%rows%n = max(last, 1_c_size_t) - 1
    rows%rows%d = max(d, 0)
    rows%rows%index_bytes = 8
    rows%wide_columns = max(columns, 0_int64) - 1_int64
    rows%wide_starts = max(starts, 0_int64) - 1_int64
    if (last == 0) then
      rows%refusal = 'starts: no elements, where there is one more than points'
    else
      call check_indices(rows, stored, size(columns, kind=c_size_t), int(starts(1), int64), int(starts(last), int64))
    end if
  end subroutine take_wide_indices

  !> What the library cannot see: how long arrays are, and from where their indices count.
  recursive subroutine check_indices(rows, stored, columns, first, last)
    type(kmeans_rows), intent(inout) :: rows
    integer(c_size_t), intent(in) :: stored, columns
    integer(int64), intent(in) :: first, last

    if (first /= 1) then
      write (rows%refusal, '(a, i0, a)') 'starts: the first is ', first, ', and not 1'
    else if (stored < last - 1) then
      write (rows%refusal, '(a, i0, a, i0)') 'values: ', stored, ' elements, and starts end with ', last
    else if (columns < last - 1) then
      write (rows%refusal, '(a, i0, a, i0)') 'columns: ', columns, ' elements, and starts end with ', last
    end if
  end subroutine check_indices

  ! ---------------------------------------------------------------------------------------------
  ! The procedures above for each kind of points
  ! ---------------------------------------------------------------------------------------------

  ! One procedure of a generic name differs from another by the type of its points, and by the C function for these; the arguments are
  ! described above, where they are taken.

  recursive subroutine fit_real64(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int32), intent(inout), target, optional :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit, seen(points), centers, options, weights, report, workspace, status, message, &
        stat, errmsg, labels)
  end subroutine fit_real64

  recursive subroutine fit_real64_wide(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit, seen(points), centers, options, weights, report, workspace, status, message, &
        stat, errmsg, wide=labels)
  end subroutine fit_real64_wide

  recursive subroutine fit_real32(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int32), intent(inout), target, optional :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit_f32, seen(points), centers, options, weights, report, workspace, status, &
        message, stat, errmsg, labels)
  end subroutine fit_real32

  recursive subroutine fit_real32_wide(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit_f32, seen(points), centers, options, weights, report, workspace, status, &
        message, stat, errmsg, wide=labels)
  end subroutine fit_real32_wide

  recursive subroutine fit_bytes(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int32), intent(inout), target, optional :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit_u8, seen(points), centers, options, weights, report, workspace, status, &
        message, stat, errmsg, labels)
  end subroutine fit_bytes

  recursive subroutine fit_rows(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(inout), target :: centers(:, :)
    integer(int32), intent(inout), target, optional :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit, seen(points), centers, options, weights, report, workspace, status, message, &
        stat, errmsg, labels)
  end subroutine fit_rows

  recursive subroutine fit_bytes_wide(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit_u8, seen(points), centers, options, weights, report, workspace, status, &
        message, stat, errmsg, wide=labels)
  end subroutine fit_bytes_wide

  recursive subroutine fit_rows_wide(points, centers, labels, options, weights, report, workspace, status, &
      message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call fit_points(centra_fit, seen(points), centers, options, weights, report, workspace, status, message, &
        stat, errmsg, wide=labels)
  end subroutine fit_rows_wide

  recursive subroutine assign_real64(points, centers, labels, sqdist, options, workspace, status, message, &
      stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(inout), target :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, labels)
  end subroutine assign_real64

  recursive subroutine assign_real64_wide(points, centers, labels, sqdist, options, workspace, status, &
      message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, wide=labels)
  end subroutine assign_real64_wide

  recursive subroutine assign_real32(points, centers, labels, sqdist, options, workspace, status, message, &
      stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(inout), target :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign_f32, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, labels)
  end subroutine assign_real32

  recursive subroutine assign_real32_wide(points, centers, labels, sqdist, options, workspace, status, &
      message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign_f32, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, wide=labels)
  end subroutine assign_real32_wide

  recursive subroutine assign_bytes(points, centers, labels, sqdist, options, workspace, status, message, &
      stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(inout), target :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign_u8, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, labels)
  end subroutine assign_bytes

  recursive subroutine assign_rows(points, centers, labels, sqdist, options, workspace, status, message, &
      stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(inout), target :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, labels)
  end subroutine assign_rows

  recursive subroutine assign_bytes_wide(points, centers, labels, sqdist, options, workspace, status, message, &
      stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign_u8, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, wide=labels)
  end subroutine assign_bytes_wide

  recursive subroutine assign_rows_wide(points, centers, labels, sqdist, options, workspace, status, &
      message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(inout) :: labels(:)
    real(real64), intent(inout), target, optional :: sqdist(:)
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call assign_points(centra_assign, seen(points), centers, sqdist, options, workspace, status, message, &
        stat, errmsg, wide=labels)
  end subroutine assign_rows_wide

  recursive subroutine update_real64(points, labels, centers, counts, options, weights, workspace, status, &
      message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, labels)
  end subroutine update_real64

  recursive subroutine update_real64_wide(points, labels, centers, counts, options, weights, workspace, &
      status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, wide=labels)
  end subroutine update_real64_wide

  recursive subroutine update_real32(points, labels, centers, counts, options, weights, workspace, status, &
      message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update_f32, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, labels)
  end subroutine update_real32

  recursive subroutine update_real32_wide(points, labels, centers, counts, options, weights, workspace, &
      status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update_f32, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, wide=labels)
  end subroutine update_real32_wide

  recursive subroutine update_bytes(points, labels, centers, counts, options, weights, workspace, status, &
      message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update_u8, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, labels)
  end subroutine update_bytes

  recursive subroutine update_rows(points, labels, centers, counts, options, weights, workspace, status, &
      message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, labels)
  end subroutine update_rows

  recursive subroutine update_bytes_wide(points, labels, centers, counts, options, weights, workspace, status, &
      message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update_u8, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, wide=labels)
  end subroutine update_bytes_wide

  recursive subroutine update_rows_wide(points, labels, centers, counts, options, weights, workspace, &
      status, message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call update_points(centra_update, seen(points), centers, counts, options, weights, workspace, status, &
        message, stat, errmsg, wide=labels)
  end subroutine update_rows_wide

  recursive subroutine seed_real64(points, centers, options, weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call seed_points(centra_seed, seen(points), centers, options, weights, workspace, status, message, stat, &
        errmsg)
  end subroutine seed_real64

  recursive subroutine seed_real32(points, centers, options, weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call seed_points(centra_seed_f32, seen(points), centers, options, weights, workspace, status, message, &
        stat, errmsg)
  end subroutine seed_real32

  recursive subroutine seed_bytes(points, centers, options, weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call seed_points(centra_seed_u8, seen(points), centers, options, weights, workspace, status, message, &
        stat, errmsg)
  end subroutine seed_bytes

  recursive subroutine seed_rows(points, centers, options, weights, workspace, status, message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call seed_points(centra_seed, seen(points), centers, options, weights, workspace, status, message, stat, &
        errmsg)
  end subroutine seed_rows

  recursive subroutine inertia_real64(points, centers, labels, inertia, options, weights, status, message, &
      stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, labels)
  end subroutine inertia_real64

  recursive subroutine inertia_real64_wide(points, centers, labels, inertia, options, weights, status, &
      message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, wide=labels)
  end subroutine inertia_real64_wide

  recursive subroutine inertia_real32(points, centers, labels, inertia, options, weights, status, message, &
      stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia_f32, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, labels)
  end subroutine inertia_real32

  recursive subroutine inertia_real32_wide(points, centers, labels, inertia, options, weights, status, &
      message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia_f32, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, wide=labels)
  end subroutine inertia_real32_wide

  recursive subroutine inertia_bytes(points, centers, labels, inertia, options, weights, status, message, &
      stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia_u8, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, labels)
  end subroutine inertia_bytes

  recursive subroutine inertia_rows(points, centers, labels, inertia, options, weights, status, message, &
      stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, labels)
  end subroutine inertia_rows

  recursive subroutine inertia_bytes_wide(points, centers, labels, inertia, options, weights, status, message, &
      stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia_u8, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, wide=labels)
  end subroutine inertia_bytes_wide

  recursive subroutine inertia_rows_wide(points, centers, labels, inertia, options, weights, status, &
      message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call inertia_points(centra_inertia, seen(points), centers, inertia, options, weights, status, message, &
        stat, errmsg, wide=labels)
  end subroutine inertia_rows_wide

  recursive subroutine distances_real64(points, centers, sqdist, options, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout), target :: sqdist(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call distances_points(centra_distances, seen(points), centers, sqdist, options, status, message, stat, &
        errmsg)
  end subroutine distances_real64

  recursive subroutine distances_real32(points, centers, sqdist, options, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout), target :: sqdist(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call distances_points(centra_distances_f32, seen(points), centers, sqdist, options, status, message, stat, &
        errmsg)
  end subroutine distances_real32

  recursive subroutine distances_bytes(points, centers, sqdist, options, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout), target :: sqdist(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call distances_points(centra_distances_u8, seen(points), centers, sqdist, options, status, message, stat, &
        errmsg)
  end subroutine distances_bytes

  recursive subroutine distances_rows(points, centers, sqdist, options, status, message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    real(real64), intent(inout), target :: sqdist(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call distances_points(centra_distances, seen(points), centers, sqdist, options, status, message, stat, &
        errmsg)
  end subroutine distances_rows

  recursive subroutine clusters_real64(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, labels)
  end subroutine clusters_real64

  recursive subroutine clusters_real64_wide(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, wide=labels)
  end subroutine clusters_real64_wide

  recursive subroutine clusters_real32(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters_f32, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, labels)
  end subroutine clusters_real32

  recursive subroutine clusters_real32_wide(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters_f32, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, wide=labels)
  end subroutine clusters_real32_wide

  recursive subroutine clusters_bytes(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters_u8, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, labels)
  end subroutine clusters_bytes

  recursive subroutine clusters_rows(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, labels)
  end subroutine clusters_rows

  recursive subroutine clusters_bytes_wide(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters_u8, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, wide=labels)
  end subroutine clusters_bytes_wide

  recursive subroutine clusters_rows_wide(points, centers, labels, counts, sums, inertias, options, weights, &
      status, message, stat, errmsg)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: labels(:)
    integer(int64), intent(inout), target, optional :: counts(:)
    real(real64), intent(inout), target, optional :: sums(:)
    real(real64), intent(inout), target, optional :: inertias(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call clusters_points(centra_clusters, seen(points), centers, counts, sums, inertias, options, weights, &
        status, message, stat, errmsg, wide=labels)
  end subroutine clusters_rows_wide

  recursive function workspace_size_real64(points, centers, options, status, message, stat, errmsg) &
      result(bytes)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = workspace_size_points(centra_workspace_size, seen(points), centers, options, status, message, &
        stat, errmsg)
  end function workspace_size_real64

  recursive function workspace_size_real32(points, centers, options, status, message, stat, errmsg) &
      result(bytes)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = workspace_size_points(centra_workspace_size_f32, seen(points), centers, options, status, message, &
        stat, errmsg)
  end function workspace_size_real32

  recursive function workspace_size_bytes(points, centers, options, status, message, stat, errmsg) result(bytes)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = workspace_size_points(centra_workspace_size_u8, seen(points), centers, options, status, message, &
        stat, errmsg)
  end function workspace_size_bytes

  recursive function workspace_size_rows(points, centers, options, status, message, stat, errmsg) &
      result(bytes)
    type(kmeans_rows), intent(in), target :: points
    real(real64), intent(in), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = workspace_size_points(centra_workspace_size_csr, seen(points), centers, options, status, message, &
        stat, errmsg)
  end function workspace_size_rows

  recursive function stream_workspace_size_real64(points, centers, total, options, status, message, stat, &
      errmsg) result(bytes)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = stream_workspace_size_points(centra_stream_workspace_size, seen(points), centers, total, options, &
        status, message, stat, errmsg)
  end function stream_workspace_size_real64

  recursive function stream_workspace_size_real32(points, centers, total, options, status, message, stat, &
      errmsg) result(bytes)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = stream_workspace_size_points(centra_stream_workspace_size_f32, seen(points), centers, total, &
        options, status, message, stat, errmsg)
  end function stream_workspace_size_real32

  recursive function stream_workspace_size_bytes(points, centers, total, options, status, message, stat, &
      errmsg) result(bytes)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(int64) :: bytes

    bytes = stream_workspace_size_points(centra_stream_workspace_size_u8, seen(points), centers, total, &
        options, status, message, stat, errmsg)
  end function stream_workspace_size_bytes

  recursive subroutine stream_range_real64(points, range, options, weights, workspace, status, message, stat, &
      errmsg)
    real(real64), intent(in), target :: points(:, :)
    integer(int32), intent(inout), target :: range(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_range_points(centra_stream_range, seen(points), range, options, weights, workspace, status, &
        message, stat, errmsg)
  end subroutine stream_range_real64

  recursive subroutine stream_range_real32(points, range, options, weights, workspace, status, message, stat, &
      errmsg)
    real(real32), intent(in), target :: points(:, :)
    integer(int32), intent(inout), target :: range(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_range_points(centra_stream_range_f32, seen(points), range, options, weights, workspace, &
        status, message, stat, errmsg)
  end subroutine stream_range_real32

  recursive subroutine stream_range_bytes(points, range, options, weights, workspace, status, message, stat, &
      errmsg)
    integer(int8), intent(in), target :: points(:, :)
    integer(int32), intent(inout), target :: range(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_range_points(centra_stream_range_u8, seen(points), range, options, weights, workspace, status, &
        message, stat, errmsg)
  end subroutine stream_range_bytes

  recursive subroutine stream_sums_real64(points, centers, total, range, sums, labels, wanted, options, &
      weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(inout), target :: sums(:)
    integer(int32), intent(inout), target, optional :: labels(:)
    integer(int32), intent(in), optional :: wanted
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_sums_points(centra_stream_sums, seen(points), centers, total, range, sums, wanted, options, &
        weights, workspace, status, message, stat, errmsg, labels)
  end subroutine stream_sums_real64

  recursive subroutine stream_sums_real64_wide(points, centers, total, range, sums, labels, wanted, options, &
      weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(inout), target :: sums(:)
    integer(int64), intent(inout) :: labels(:)
    integer(int32), intent(in), optional :: wanted
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_sums_points(centra_stream_sums, seen(points), centers, total, range, sums, wanted, options, &
        weights, workspace, status, message, stat, errmsg, wide=labels)
  end subroutine stream_sums_real64_wide

  recursive subroutine stream_sums_real32(points, centers, total, range, sums, labels, wanted, options, &
      weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(inout), target :: sums(:)
    integer(int32), intent(inout), target, optional :: labels(:)
    integer(int32), intent(in), optional :: wanted
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_sums_points(centra_stream_sums_f32, seen(points), centers, total, range, sums, wanted, &
        options, weights, workspace, status, message, stat, errmsg, labels)
  end subroutine stream_sums_real32

  recursive subroutine stream_sums_real32_wide(points, centers, total, range, sums, labels, wanted, options, &
      weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(inout), target :: sums(:)
    integer(int64), intent(inout) :: labels(:)
    integer(int32), intent(in), optional :: wanted
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_sums_points(centra_stream_sums_f32, seen(points), centers, total, range, sums, wanted, &
        options, weights, workspace, status, message, stat, errmsg, wide=labels)
  end subroutine stream_sums_real32_wide

  recursive subroutine stream_sums_bytes(points, centers, total, range, sums, labels, wanted, options, &
      weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(inout), target :: sums(:)
    integer(int32), intent(inout), target, optional :: labels(:)
    integer(int32), intent(in), optional :: wanted
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_sums_points(centra_stream_sums_u8, seen(points), centers, total, range, sums, wanted, options, &
        weights, workspace, status, message, stat, errmsg, labels)
  end subroutine stream_sums_bytes

  recursive subroutine stream_sums_bytes_wide(points, centers, total, range, sums, labels, wanted, options, &
      weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(inout), target :: sums(:)
    integer(int64), intent(inout) :: labels(:)
    integer(int32), intent(in), optional :: wanted
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_sums_points(centra_stream_sums_u8, seen(points), centers, total, range, sums, wanted, options, &
        weights, workspace, status, message, stat, errmsg, wide=labels)
  end subroutine stream_sums_bytes_wide

  recursive subroutine stream_farthest_real64(points, centers, total, range, sums, first, farthest, options, &
      weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(in), target :: sums(:)
    integer(int64), intent(in) :: first
    integer(int64), intent(inout), target :: farthest(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_farthest_points(centra_stream_farthest, seen(points), centers, total, range, sums, first, &
        farthest, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_farthest_real64

  recursive subroutine stream_farthest_real32(points, centers, total, range, sums, first, farthest, options, &
      weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(in), target :: sums(:)
    integer(int64), intent(in) :: first
    integer(int64), intent(inout), target :: farthest(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_farthest_points(centra_stream_farthest_f32, seen(points), centers, total, range, sums, first, &
        farthest, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_farthest_real32

  recursive subroutine stream_farthest_bytes(points, centers, total, range, sums, first, farthest, options, &
      weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(in), target :: sums(:)
    integer(int64), intent(in) :: first
    integer(int64), intent(inout), target :: farthest(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_farthest_points(centra_stream_farthest_u8, seen(points), centers, total, range, sums, first, &
        farthest, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_farthest_bytes

  recursive subroutine stream_masses_real64(points, centers, total, range, candidates, masses, distances, &
      known, options, weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int64), intent(inout), target :: masses(:)
    real(real64), intent(inout), target, optional :: distances(:)
    integer(int64), intent(in), optional :: known
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_masses_points(centra_stream_masses, seen(points), centers, total, range, candidates, masses, &
        distances, known, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_masses_real64

  recursive subroutine stream_masses_real32(points, centers, total, range, candidates, masses, distances, &
      known, options, weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int64), intent(inout), target :: masses(:)
    real(real64), intent(inout), target, optional :: distances(:)
    integer(int64), intent(in), optional :: known
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_masses_points(centra_stream_masses_f32, seen(points), centers, total, range, candidates, &
        masses, distances, known, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_masses_real32

  recursive subroutine stream_masses_bytes(points, centers, total, range, candidates, masses, distances, &
      known, options, weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int64), intent(inout), target :: masses(:)
    real(real64), intent(inout), target, optional :: distances(:)
    integer(int64), intent(in), optional :: known
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_masses_points(centra_stream_masses_u8, seen(points), centers, total, range, candidates, &
        masses, distances, known, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_masses_bytes

  recursive subroutine stream_draw_real64(points, centers, total, range, masses, candidates, round, first, &
      rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(in), target :: masses(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int32), intent(in) :: round
    integer(int64), intent(in) :: first
    real(real64), intent(inout), target :: rows(:, :)
    integer(int64), intent(inout) :: drawn
    real(real64), intent(in), target, optional :: distances(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_draw_points(centra_stream_draw, seen(points), centers, total, range, masses, candidates, &
        round, first, rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_draw_real64

  recursive subroutine stream_draw_real32(points, centers, total, range, masses, candidates, round, first, &
      rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(in), target :: masses(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int32), intent(in) :: round
    integer(int64), intent(in) :: first
    real(real64), intent(inout), target :: rows(:, :)
    integer(int64), intent(inout) :: drawn
    real(real64), intent(in), target, optional :: distances(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_draw_points(centra_stream_draw_f32, seen(points), centers, total, range, masses, candidates, &
        round, first, rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_draw_real32

  recursive subroutine stream_draw_bytes(points, centers, total, range, masses, candidates, round, first, &
      rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    integer(int64), intent(in), target :: masses(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int32), intent(in) :: round
    integer(int64), intent(in) :: first
    real(real64), intent(inout), target :: rows(:, :)
    integer(int64), intent(inout) :: drawn
    real(real64), intent(in), target, optional :: distances(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_draw_points(centra_stream_draw_u8, seen(points), centers, total, range, masses, candidates, &
        round, first, rows, drawn, distances, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_draw_bytes

  recursive subroutine stream_weigh_real64(points, centers, total, range, candidates, candidate_weights, &
      options, weights, workspace, status, message, stat, errmsg)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int64), intent(inout), target :: candidate_weights(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_weigh_points(centra_stream_weigh, seen(points), centers, total, range, candidates, &
        candidate_weights, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_weigh_real64

  recursive subroutine stream_weigh_real32(points, centers, total, range, candidates, candidate_weights, &
      options, weights, workspace, status, message, stat, errmsg)
    real(real32), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int64), intent(inout), target :: candidate_weights(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_weigh_points(centra_stream_weigh_f32, seen(points), centers, total, range, candidates, &
        candidate_weights, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_weigh_real32

  recursive subroutine stream_weigh_bytes(points, centers, total, range, candidates, candidate_weights, &
      options, weights, workspace, status, message, stat, errmsg)
    integer(int8), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)
    real(real64), intent(in), target :: candidates(:, :)
    integer(int64), intent(inout), target :: candidate_weights(:)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call stream_weigh_points(centra_stream_weigh_u8, seen(points), centers, total, range, candidates, &
        candidate_weights, options, weights, workspace, status, message, stat, errmsg)
  end subroutine stream_weigh_bytes

  ! ---------------------------------------------------------------------------------------------
  ! Texts
  ! ---------------------------------------------------------------------------------------------

  ! Before those whose results it measures: else gfortran warns that its interface is implicit there.
  pure recursive function string_length(from) result(length)
    type(c_ptr), intent(in) :: from
    integer(c_size_t) :: length

    length = 0
    if (c_associated(from)) length = c_strlen(from)
  end function string_length

  !> What a status means, in general; `errmsg` says what was wrong in particular.
  recursive function kmeans_status_message(status) result(text)
    integer(int32), intent(in) :: status
    character(len=string_length(centra_status_message(status))) :: text
    call copy_string(centra_status_message(status), text)
  end function kmeans_status_message

  recursive function kmeans_version() result(text)
    character(len=string_length(centra_version())) :: text
    call copy_string(centra_version(), text)
  end function kmeans_version

  !> The instruction set this process computes with: amx, avx512, avx2, neon or portable.
  recursive function kmeans_isa() result(text)
    character(len=string_length(centra_isa())) :: text
    call copy_string(centra_isa(), text)
  end function kmeans_isa

  !> A C string as Fortran text; empty for a null address. Here and above the length is an expression
  !> and not deferred: gfortran keeps the length of a deferred-length result in static memory at the
  !> place of the call (seen up to version 12), where two threads would meet.
  recursive function centra_string(from) result(text)
    type(c_ptr), intent(in) :: from
    character(len=string_length(from)) :: text
    call copy_string(from, text)
  end function centra_string

  ! ---------------------------------------------------------------------------------------------
  ! From Fortran's arguments to C's
  ! ---------------------------------------------------------------------------------------------

  !> Sets the options of the raw interface to the library's defaults, as far as this module knows them.
  recursive subroutine centra_options_init(options)
    type(centra_options), intent(inout) :: options

    call centra_options_init_sized(options, c_sizeof(options))
  end subroutine centra_options_init

  !> Sets the report of the raw interface to zero, and its size to what this module knows.
  recursive subroutine centra_report_init(report)
    type(centra_report), intent(inout) :: report

    call centra_report_init_sized(report, c_sizeof(report))
  end subroutine centra_report_init

  !> All of the library's options from ours. Each component is set here, and struct_size is what *this*
  !> module was compiled with.
  recursive subroutine take_options(this, options)
    type(call_t), intent(inout) :: this
    type(kmeans_options), intent(in), optional :: options
    type(kmeans_options) :: from

    if (present(options)) from = options
    this%options%struct_size = c_sizeof(this%options)
    this%options%init = from%init
    this%options%empty = from%empty
    this%options%layout = from%layout
    this%options%label_base = 1
    this%options%threads = from%threads
    this%options%n_init = from%n_init
    this%options%max_iter = from%max_iter
    this%options%tol = from%tol
    this%options%seed = from%seed
    this%options%algorithm = from%algorithm
    if (associated(from%progress)) this%options%progress = c_funloc(from%progress)
    this%options%progress_data = from%progress_data
    if (associated(from%parallel)) this%options%parallel = c_funloc(from%parallel)
    this%options%parallel_data = from%parallel_data
  end subroutine take_options

  !> What of an array does not depend on its kind. Strides have no other name in standard Fortran than the addresses of two elements.
  !> Here and below every size() has C's kind: one of default kind wraps at 2**31.
  recursive function seen_real64(points) result(seen)
    real(real64), intent(in), target :: points(:, :)
    type(points_t) :: seen

    seen%bytes = storage_size(points, c_intptr_t) / 8
    seen%extents(1) = size(points, 1, c_size_t)
    seen%extents(2) = size(points, 2, c_size_t)
    if (minval(seen%extents) == 0) return
    seen%at = c_loc(points(1, 1))
    if (seen%extents(1) > 1) seen%apart(1) = address_of(c_loc(points(2, 1))) - address_of(seen%at)
    if (seen%extents(2) > 1) seen%apart(2) = address_of(c_loc(points(1, 2))) - address_of(seen%at)
  end function seen_real64

  recursive function seen_real32(points) result(seen)
    real(real32), intent(in), target :: points(:, :)
    type(points_t) :: seen

    seen%bytes = storage_size(points, c_intptr_t) / 8
    seen%extents(1) = size(points, 1, c_size_t)
    seen%extents(2) = size(points, 2, c_size_t)
    if (minval(seen%extents) == 0) return
    seen%at = c_loc(points(1, 1))
    if (seen%extents(1) > 1) seen%apart(1) = address_of(c_loc(points(2, 1))) - address_of(seen%at)
    if (seen%extents(2) > 1) seen%apart(2) = address_of(c_loc(points(1, 2))) - address_of(seen%at)
  end function seen_real32

  recursive function seen_bytes(points) result(seen)
    integer(int8), intent(in), target :: points(:, :)
    type(points_t) :: seen

    seen%bytes = storage_size(points, c_intptr_t) / 8
    seen%extents(1) = size(points, 1, c_size_t)
    seen%extents(2) = size(points, 2, c_size_t)
    if (minval(seen%extents) == 0) return
    seen%at = c_loc(points(1, 1))
    if (seen%extents(1) > 1) seen%apart(1) = address_of(c_loc(points(2, 1))) - address_of(seen%at)
    if (seen%extents(2) > 1) seen%apart(2) = address_of(c_loc(points(1, 2))) - address_of(seen%at)
  end function seen_bytes

  recursive function seen_rows(points) result(seen)
    type(kmeans_rows), intent(in), target :: points
    type(points_t) :: seen

    seen%rows = points%rows
    seen%rows%struct_size = c_sizeof(seen%rows)
    seen%refusal = points%refusal
    if (allocated(points%starts)) then
      seen%rows%starts = c_loc(points%starts)
      if (size(points%columns, kind=c_size_t) > 0) seen%rows%columns = c_loc(points%columns)
    else if (allocated(points%wide_starts)) then
      seen%rows%starts = c_loc(points%wide_starts)
      if (size(points%wide_columns, kind=c_size_t) > 0) seen%rows%columns = c_loc(points%wide_columns)
    else
      seen%refusal = 'points: no rows; kmeans_rows(values, columns, starts, d) makes them'
    end if
  end function seen_rows

  !> Sizes, address and leading dimension.
  recursive subroutine take_points(this, points)
    type(call_t), intent(inout) :: this
    type(points_t), intent(in) :: points

    if (points%rows%struct_size > 0) then
      this%n = points%rows%n
      this%d = points%rows%d
      if (points%refusal /= ' ') call refuse(this, CENTRA_ERR_SHAPE, points%refusal)
      return
    end if
    ! An unknown layout goes to the library as it is, which refuses it by name.
    if (this%options%layout == CENTRA_COLUMNS) then
      this%n = points%extents(1)
      this%d = points%extents(2)
    else
      this%d = points%extents(1)
      this%n = points%extents(2)
    end if
    call take_columns(this, 'points', points, this%points, this%ld)
  end subroutine take_points

  !> The address of columns, and how many elements they lie apart.
  recursive subroutine take_columns(this, name, columns, at, ld)
    type(call_t), intent(inout) :: this
    character(len=*), intent(in) :: name
    type(points_t), intent(in) :: columns
    type(c_ptr), intent(inout) :: at
    integer(c_size_t), intent(inout) :: ld

    ld = columns%extents(1)
    ! Without an element there is no address: of no points there need be none, and no dimensions the library refuses first.
    if (minval(columns%extents) == 0) return
    at = columns%at
    if (columns%extents(1) > 1 .and. columns%apart(1) /= columns%bytes) then
      call refuse(this, CENTRA_ERR_SHAPE, &
          name // ': the elements of a column have gaps or run backwards; use a section with stride 1')
    else if (columns%extents(2) > 1) then
      if (columns%apart(2) < 0 .or. mod(columns%apart(2), columns%bytes) /= 0) then
        call refuse(this, CENTRA_ERR_SHAPE, name // ': the columns run backwards or lie a broken number of elements apart')
      else
        ld = columns%apart(2) / columns%bytes
      end if
    end if
  end subroutine take_columns

  recursive subroutine take_centers(this, centers)
    type(call_t), intent(inout) :: this
    real(real64), intent(in), target :: centers(:, :)
    character(len=reason_length) :: reason

    this%k = size(centers, 2, c_size_t)
    if (size(centers, 1, c_size_t) /= this%d) then
      write (reason, '(a, i0, a, i0, a)') 'centers: ', size(centers, 1, c_size_t), &
          ' coordinates each, but a point has ', this%d, ' (centers are always centers(d, k))'
      call refuse(this, CENTRA_ERR_SHAPE, reason)
    else if (.not. is_contiguous(centers)) then
      call refuse(this, CENTRA_ERR_SHAPE, 'centers: not contiguous, and a copy would be hidden work')
    else if (size(centers, kind=c_size_t) > 0) then
      this%centers = c_loc(centers(1, 1))
    end if
  end subroutine take_centers

  !> Labels of 64 bits become some of 32 for the call; what does not fit becomes what is as surely no label.
  recursive subroutine take_labels(this, labels, wide)
    type(call_t), intent(inout), target :: this
    integer(int32), intent(in), target, optional :: labels(:)
    integer(int64), intent(in), optional :: wide(:)
    integer(int64), parameter :: most = huge(0_int32)
    integer :: failed

    if (present(labels)) then
      call check_vector(this, 'labels', size(labels, kind=c_size_t), is_contiguous(labels), this%n, &
          'points')
      if (size(labels, kind=c_size_t) > 0) this%labels = c_loc(labels(1))
    else if (present(wide)) then
      call check_vector(this, 'labels', size(wide, kind=c_size_t), .true., this%n, 'points')
      if (this%status /= CENTRA_OK .or. this%n == 0) return
      allocate (this%narrow(this%n), stat=failed)
      if (failed /= 0) then
        call refuse(this, CENTRA_ERR_MEMORY, 'labels: no memory for as many of 32 bits')
        return
      end if
      this%narrow(:) = int(max(-most, min(most, wide)), int32)
      this%labels = c_loc(this%narrow)
    end if
  end subroutine take_labels

  recursive subroutine return_labels(this, wide)
    type(call_t), intent(in) :: this
    integer(int64), intent(inout), optional :: wide(:)

    if (present(wide) .and. allocated(this%narrow) .and. this%status >= CENTRA_OK) wide = this%narrow
  end subroutine return_labels

  recursive subroutine take_weights(this, weights)
    type(call_t), intent(inout) :: this
    real(real64), intent(in), target :: weights(:)

    call take_reals(this, 'weights', weights, this%n, 'points', this%options%weights)
  end subroutine take_weights

  recursive subroutine take_reals(this, name, values, expected, of_what, at)
    type(call_t), intent(inout) :: this
    character(len=*), intent(in) :: name, of_what
    real(real64), intent(in), target :: values(:)
    integer(c_size_t), intent(in) :: expected
    type(c_ptr), intent(inout) :: at

    call check_vector(this, name, size(values, kind=c_size_t), is_contiguous(values), expected, of_what)
    if (size(values, kind=c_size_t) > 0) at = c_loc(values(1))
  end subroutine take_reals

  recursive subroutine take_table(this, sqdist, at, ld_out)
    type(call_t), intent(inout) :: this
    real(real64), intent(in), target :: sqdist(:, :)
    type(c_ptr), intent(inout) :: at
    integer(c_size_t), intent(inout) :: ld_out
    character(len=reason_length) :: reason

    at = c_null_ptr
    ld_out = size(sqdist, 1, c_size_t)
    if (size(sqdist, 1, c_size_t) /= this%k .or. size(sqdist, 2, c_size_t) /= this%n) then
      write (reason, '(4(a, i0), a)') 'sqdist: ', size(sqdist, 1, c_size_t), ' by ', size(sqdist, 2, c_size_t), &
          ', not ', this%k, ' centers by ', this%n, ' points'
      call refuse(this, CENTRA_ERR_SHAPE, reason)
      return
    end if
    call take_columns(this, 'sqdist', seen(sqdist), at, ld_out)
  end subroutine take_table

  recursive subroutine take_stream(this, total, range)
    type(call_t), intent(inout) :: this
    integer(int64), intent(in) :: total
    integer(int32), intent(in), target :: range(:)

    this%total = total
    call take_range(this, range)
  end subroutine take_stream

  recursive subroutine take_range(this, range)
    type(call_t), intent(inout) :: this
    integer(int32), intent(in), target :: range(:)

    call check_vector(this, 'range', size(range, kind=c_size_t), is_contiguous(range), 3 * (this%d + 1), &
        'three for each dimension and for the weights')
    if (size(range, kind=c_size_t) > 0) this%range = c_loc(range(1))
  end subroutine take_range

  recursive subroutine query_sums(this, elements)
    type(call_t), intent(inout) :: this
    integer(c_size_t), intent(inout) :: elements

    if (this%status /= CENTRA_OK) return
    this%status = centra_stream_sums_length(this%total, this%d, this%k, this%range, elements)
  end subroutine query_sums

  recursive subroutine query_weights(this, elements)
    type(call_t), intent(inout) :: this
    integer(c_size_t), intent(inout) :: elements

    if (this%status /= CENTRA_OK) return
    this%status = centra_stream_weights_length(this%total, this%d, this%k, this%range, this%count, elements)
  end subroutine query_weights

  recursive subroutine take_shares(this, candidate_weights, at)
    type(call_t), intent(inout) :: this
    integer(int64), intent(in), target :: candidate_weights(:)
    type(c_ptr), intent(inout) :: at
    integer(c_size_t) :: elements

    at = c_null_ptr
    elements = 0
    call query_weights(this, elements)
    if (this%status == CENTRA_OK) then
      call take_int64s(this, 'candidate weights', candidate_weights, elements, 'in kmeans_stream_weights_length', at)
    end if
  end subroutine take_shares

  recursive subroutine take_sums(this, sums)
    type(call_t), intent(inout) :: this
    integer(int64), intent(in), target :: sums(:)
    integer(c_size_t) :: elements

    elements = 0
    call query_sums(this, elements)
    if (this%status == CENTRA_OK) call take_int64s(this, 'sums', sums, elements, 'in kmeans_stream_sums_length', this%sums)
  end subroutine take_sums

  recursive subroutine take_masses(this, masses, at)
    type(call_t), intent(inout) :: this
    integer(int64), intent(in), target :: masses(:)
    type(c_ptr), intent(inout) :: at

    call take_int64s(this, 'masses', masses, int(CENTRA_STREAM_MASS_DIGITS, c_size_t), 'digits', at)
  end subroutine take_masses

  recursive subroutine take_candidates(this, candidates)
    type(call_t), intent(inout) :: this
    real(real64), intent(in), target :: candidates(:, :)

    this%count = size(candidates, 2, c_size_t)
    call take_rows(this, 'candidates', candidates, this%candidates)
  end subroutine take_candidates

  !> Points of their own, one behind the other.
  recursive subroutine take_rows(this, name, rows, at)
    type(call_t), intent(inout) :: this
    character(len=*), intent(in) :: name
    real(real64), intent(in), target :: rows(:, :)
    type(c_ptr), intent(inout) :: at
    character(len=reason_length) :: reason

    if (size(rows, 1, c_size_t) /= this%d) then
      write (reason, '(2a, i0, a, i0)') name, ': ', size(rows, 1, c_size_t), &
          ' coordinates each, but a point has ', this%d
      call refuse(this, CENTRA_ERR_SHAPE, reason)
    else if (.not. is_contiguous(rows)) then
      call refuse(this, CENTRA_ERR_SHAPE, name // ': not contiguous, and a copy would be hidden work')
    else if (size(rows, kind=c_size_t) > 0) then
      at = c_loc(rows(1, 1))
    end if
  end subroutine take_rows

  recursive subroutine take_int64s(this, name, values, expected, of_what, at)
    type(call_t), intent(inout) :: this
    character(len=*), intent(in) :: name, of_what
    integer(int64), intent(in), target :: values(:)
    integer(c_size_t), intent(in) :: expected
    type(c_ptr), intent(inout) :: at

    call check_vector(this, name, size(values, kind=c_size_t), is_contiguous(values), expected, of_what)
    if (size(values, kind=c_size_t) > 0) at = c_loc(values(1))
  end subroutine take_int64s

  recursive subroutine take_workspace(this, workspace)
    type(call_t), intent(inout) :: this
    integer(int8), intent(in), target :: workspace(:)

    this%workspace_bytes = size(workspace, kind=c_size_t)
    if (size(workspace, kind=c_size_t) == 0) then
      ! To C it would be null and 0, which asks the library to allocate: not what was meant.
      call refuse(this, CENTRA_ERR_WORKSPACE, 'workspace: no bytes; ask kmeans_workspace_size how many')
    else if (.not. is_contiguous(workspace)) then
      call refuse(this, CENTRA_ERR_SHAPE, 'workspace: not contiguous')
    else
      this%workspace = c_loc(workspace(1))
    end if
  end subroutine take_workspace

  recursive subroutine check_vector(this, name, length, contiguous_one, expected, of_what)
    type(call_t), intent(inout) :: this
    character(len=*), intent(in) :: name, of_what
    integer(c_size_t), intent(in) :: length, expected
    logical, intent(in) :: contiguous_one
    character(len=reason_length) :: reason

    if (length /= expected) then
      write (reason, '(2a, i0, a, i0, 2a)') name, ': ', length, ' elements for ', expected, ' ', of_what
      call refuse(this, CENTRA_ERR_SHAPE, reason)
    else if (.not. contiguous_one) then
      call refuse(this, CENTRA_ERR_SHAPE, name // ': not contiguous, and a copy would be hidden work')
    end if
  end subroutine check_vector

  recursive function address_of(element) result(address)
    type(c_ptr), intent(in) :: element
    integer(c_intptr_t) :: address
    address = transfer(element, address)
  end function address_of

  ! ---------------------------------------------------------------------------------------------
  ! Refusals
  ! ---------------------------------------------------------------------------------------------

  recursive subroutine refuse(this, status, reason)
    type(call_t), intent(inout) :: this
    integer(c_int32_t), intent(in) :: status
    character(len=*), intent(in) :: reason

    if (this%status /= CENTRA_OK) return
    this%status = status
    this%refusal = reason
  end subroutine refuse

  recursive subroutine conclude(this, status, message, stat, errmsg)
    type(call_t), intent(inout) :: this
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    if (present(status)) status = this%status
    if (present(stat)) stat = this%status
    if (this%status >= CENTRA_OK) return
    ! No reason of ours: the library's, which is this thread's own.
    if (this%refusal == ' ') call copy_string(centra_error_detail(), this%refusal)
    if (present(message)) message = this%refusal
    if (present(errmsg)) errmsg = this%refusal
    if (.not. (present(status) .or. present(stat))) error stop 'centra: ' // trim(this%refusal)
  end subroutine conclude

  !> As much of a C string as fits, and blanks.
  recursive subroutine copy_string(from, to)
    type(c_ptr), intent(in) :: from
    character(len=*), intent(inout) :: to
    character(kind=c_char), pointer :: chars(:)
    integer(c_size_t) :: length(1), i

    to = ' '
    if (.not. c_associated(from)) return
    length(1) = min(string_length(from), len(to, c_size_t))
    call c_f_pointer(from, chars, length)
    do i = 1, length(1)
      to(i:i) = chars(i)
    end do
  end subroutine copy_string

end module centra
