!> Exact k-means: labels, centers, inertia and iteration count are a function of the input alone,
!> bit for bit, for any number of threads and any instruction set.
!>
!> Two layers:
!>
!>   * `kmeans_*`: the interface to use. Arrays know their shapes, labels count from 1, everything
!>     beyond points and centers is optional, and a refused call stops the program with a reason
!>     unless it is asked for a `status`.
!>   * `centra_*`: the C functions as they are, for those who hold raw addresses or need a leading
!>     dimension that no array section expresses. `include/centra.h` documents them.
!>
!> This is plain Fortran 2018 and meant to be compiled with your own program by your own compiler: a
!> `.mod` file belongs to one version of one compiler, a source file to none.
module centra
  use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_double, c_f_pointer, c_funloc, &
      c_funptr, c_int32_t, c_int64_t, c_intptr_t, c_loc, c_null_funptr, c_null_ptr, c_ptr, c_size_t, &
      c_sizeof
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
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

  ! ---------------------------------------------------------------------------------------------
  ! Types
  ! ---------------------------------------------------------------------------------------------

  !> What a progress procedure is told after each iteration.
  type, bind(C), public :: centra_progress
    integer(c_size_t) :: struct_size = 0
    integer(c_int64_t) :: restart = 0     !< counts from 0
    integer(c_int64_t) :: iteration = 0   !< counts from 1
    integer(c_int64_t) :: moved = 0       !< labels that changed in this iteration
    real(c_double) :: shift = 0           !< sum over the centers of the squared way each one moved
  end type centra_progress

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
  end interface
  public :: centra_progress_fn

  ! ---------------------------------------------------------------------------------------------
  ! The C functions
  ! ---------------------------------------------------------------------------------------------

  ! Buffers are addresses (type(c_ptr), made by c_loc) and not `real(c_double) :: points(*)`: an actual
  ! argument for an assumed-size array that is not contiguous is copied by the compiler without a word,
  ! and an array cannot be null. Options and report are typed, and absent means NULL.
  interface
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
  public :: centra_options_init, centra_report_init, centra_workspace_size
  public :: centra_options_init_sized, centra_report_init_sized
  public :: centra_fit, centra_assign, centra_update, centra_seed, centra_inertia
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

  ! Generic, so that other kinds of points can join later under the same names.

  !> Clusters points: `call kmeans_fit(points, centers, labels)`.
  interface kmeans_fit
    procedure :: fit_real64
  end interface kmeans_fit

  !> The nearest center of each point, and the squared distance to it.
  interface kmeans_assign
    procedure :: assign_real64
  end interface kmeans_assign

  !> The mean of each cluster's points.
  interface kmeans_update
    procedure :: update_real64
  end interface kmeans_update

  !> Starting centers, drawn from the points.
  interface kmeans_seed
    procedure :: seed_real64
  end interface kmeans_seed

  !> The sum of squared distances of the points to their centers.
  interface kmeans_inertia
    procedure :: inertia_real64
  end interface kmeans_inertia

  !> Bytes of workspace that one call of this shape needs: from the arrays of the call, or n, d, k.
  interface kmeans_workspace_size
    procedure :: workspace_size_arrays, workspace_size_int32, workspace_size_int64
  end interface kmeans_workspace_size

  public :: kmeans_fit, kmeans_assign, kmeans_update, kmeans_seed, kmeans_inertia
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
  ! would be undefined on return, and a compiler may act on that. Only `status` is always defined.
  !
  ! `target`: the library reads and writes through addresses, which the compiler has to know.
  !
  ! `status` and `message` are as stat= and errmsg= of the allocate statement: without `status` a refused
  ! call is an error stop with the reason, with it the reason is in `message`, which keeps its value
  ! when nothing was refused.
  !
  ! `recursive`: so is every procedure of Fortran 2018, but older modes of compilers put locals of the
  ! others in static memory, and two threads must not share them; also, a progress procedure may fit.

  integer, parameter :: reason_length = 512

  integer(c_intptr_t), parameter :: real_bytes = storage_size(0.0_c_double) / 8

  !> One call as C will see it, gathered and checked argument by argument. `refusal` is the first
  !> thing found wrong; what follows it changes nothing any more.
  type :: call_t
    type(centra_options) :: options
    type(c_ptr) :: points = c_null_ptr
    type(c_ptr) :: centers = c_null_ptr
    type(c_ptr) :: labels = c_null_ptr
    type(c_ptr) :: workspace = c_null_ptr
    integer(c_size_t) :: n = 0
    integer(c_size_t) :: d = 0
    integer(c_size_t) :: ld = 0
    integer(c_size_t) :: k = 0
    integer(c_size_t) :: workspace_bytes = 0
    integer(c_int32_t) :: status = CENTRA_OK
    character(len=reason_length) :: refusal = ' '
  end type call_t

contains

  ! ---------------------------------------------------------------------------------------------
  ! kmeans_*
  ! ---------------------------------------------------------------------------------------------

  !> Clusters `points(d, n)` around `centers(d, k)`; the shape of `centers` says how many clusters.
  !> With `options%init = CENTRA_INIT_GIVEN`, `centers` holds the start on entry. A cancelled fit is
  !> not an error: its outputs are valid, and report%stopped_by is CENTRA_STOPPED.
  recursive subroutine fit_real64(points, centers, labels, options, weights, report, workspace, &
      status, message)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    integer(int32), intent(inout), target, optional :: labels(:)     !< n, from 1 to k
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    type(centra_report), intent(inout), optional :: report
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    type(call_t) :: this
    type(centra_report) :: done

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    if (present(labels)) call take_labels(this, labels)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      done%struct_size = c_sizeof(done)
      this%status = centra_fit(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%centers, this%labels, done, this%workspace, this%workspace_bytes)
      if (present(report) .and. this%status >= CENTRA_OK) report = done
    end if
    call conclude(this, status, message)
  end subroutine fit_real64

  !> The nearest of `centers(d, k)` for each of `points(d, n)`; of equally near ones the first.
  recursive subroutine assign_real64(points, centers, labels, sqdist, options, workspace, status, &
      message)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(inout), target :: labels(:)               !< n, from 1 to k
    real(real64), intent(inout), target, optional :: sqdist(:)       !< n
    type(kmeans_options), intent(in), optional :: options
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    type(call_t) :: this
    type(c_ptr) :: distances

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_labels(this, labels)
    distances = c_null_ptr
    if (present(sqdist)) call take_reals(this, 'sqdist', sqdist, this%n, 'points', distances)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = centra_assign(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%centers, this%labels, distances, this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message)
  end subroutine assign_real64

  !> The mean of the points of each label. `centers` is read for empty clusters only.
  recursive subroutine update_real64(points, labels, centers, counts, options, weights, workspace, &
      status, message)
    real(real64), intent(in), target :: points(:, :)
    integer(int32), intent(in), target :: labels(:)                  !< n, from 1 to k
    real(real64), intent(inout), target :: centers(:, :)
    integer(int64), intent(inout), target, optional :: counts(:)     !< k
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    type(call_t) :: this
    type(c_ptr) :: members

    call take_options(this, options)
    call take_points(this, points)
    call take_labels(this, labels)
    call take_centers(this, centers)
    members = c_null_ptr
    if (present(counts)) then
      call check_vector(this, 'counts', size(counts, kind=c_size_t), is_contiguous(counts), this%k, &
          'centers')
      if (this%status == CENTRA_OK .and. size(counts) > 0) members = c_loc(counts(1))
    end if
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = centra_update(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%labels, this%centers, members, this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message)
  end subroutine update_real64

  !> Starting centers by `options%init`: k-means++ or distinct random points.
  recursive subroutine seed_real64(points, centers, options, weights, workspace, status, message)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(inout), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int8), intent(inout), target, optional :: workspace(:)
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    type(call_t) :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    if (present(weights)) call take_weights(this, weights)
    if (present(workspace)) call take_workspace(this, workspace)
    if (this%status == CENTRA_OK) then
      this%status = centra_seed(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%centers, this%workspace, this%workspace_bytes)
    end if
    call conclude(this, status, message)
  end subroutine seed_real64

  !> The exact sum, rounded once, of the (weighted) squared distances of points to their centers.
  recursive subroutine inertia_real64(points, centers, labels, inertia, options, weights, status, &
      message)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    integer(int32), intent(in), target :: labels(:)                  !< n, from 1 to k
    real(real64), intent(inout) :: inertia
    type(kmeans_options), intent(in), optional :: options
    real(real64), intent(in), target, optional :: weights(:)         !< n
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    type(call_t) :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call take_labels(this, labels)
    if (present(weights)) call take_weights(this, weights)
    if (this%status == CENTRA_OK) then
      this%status = centra_inertia(this%points, this%n, this%d, this%ld, this%k, this%options, &
          this%centers, this%labels, inertia)
    end if
    call conclude(this, status, message)
  end subroutine inertia_real64

  !> Bytes for a call with these arrays: `allocate(workspace(kmeans_workspace_size(points, centers)))`.
  !> It serves every procedure with these options, with weights or without. 0 when refused.
  recursive function workspace_size_arrays(points, centers, options, status, message) result(bytes)
    real(real64), intent(in), target :: points(:, :)
    real(real64), intent(in), target :: centers(:, :)
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer(int64) :: bytes
    type(call_t) :: this

    call take_options(this, options)
    call take_points(this, points)
    call take_centers(this, centers)
    call query_workspace(this, bytes)
    call conclude(this, status, message)
  end function workspace_size_arrays

  recursive function workspace_size_int32(n, d, k, options, status, message) result(bytes)
    integer(int32), intent(in) :: n, d, k
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer(int64) :: bytes

    bytes = workspace_size_int64(int(n, int64), int(d, int64), int(k, int64), options, status, message)
  end function workspace_size_int32

  recursive function workspace_size_int64(n, d, k, options, status, message) result(bytes)
    integer(int64), intent(in) :: n, d, k
    type(kmeans_options), intent(in), optional :: options
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message
    integer(int64) :: bytes
    type(call_t) :: this

    call take_options(this, options)
    ! C has no negative sizes: -1 would arrive as the largest one.
    if (min(n, d, k) < 0) call refuse(this, CENTRA_ERR_SHAPE, 'n, d, k: a size is negative')
    this%n = n
    this%d = d
    this%k = k
    call query_workspace(this, bytes)
    call conclude(this, status, message)
  end function workspace_size_int64

  !> The larger of what the call needs with and without weights: the query is told of weights by their
  !> address, which it does not read, and the shape alone does not tell.
  recursive subroutine query_workspace(this, bytes)
    type(call_t), intent(inout) :: this
    integer(int64), intent(out) :: bytes
    real(c_double), target :: some_weight
    integer(c_size_t) :: plain, weighted

    plain = 0
    weighted = 0
    if (this%status == CENTRA_OK) then
      this%status = centra_workspace_size(this%n, this%d, this%k, this%options, plain)
    end if
    if (this%status == CENTRA_OK) then
      some_weight = 1
      this%options%weights = c_loc(some_weight)
      this%status = centra_workspace_size(this%n, this%d, this%k, this%options, weighted)
    end if
    bytes = 0
    if (this%status == CENTRA_OK) bytes = max(plain, weighted)
  end subroutine query_workspace

  !> What a status means, in general; `message` says what was wrong in particular.
  recursive function kmeans_status_message(status) result(text)
    integer(int32), intent(in) :: status
    character(len=string_length(centra_status_message(status))) :: text
    call copy_string(centra_status_message(status), text)
  end function kmeans_status_message

  recursive function kmeans_version() result(text)
    character(len=string_length(centra_version())) :: text
    call copy_string(centra_version(), text)
  end function kmeans_version

  !> The instruction set this process computes with: avx512, avx2 or portable.
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

  pure recursive function string_length(from) result(length)
    type(c_ptr), intent(in) :: from
    integer(c_size_t) :: length

    length = 0
    if (c_associated(from)) length = c_strlen(from)
  end function string_length

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
  end subroutine take_options

  !> Sizes, address and leading dimension; the latter from the addresses of the first two columns, as
  !> the array's strides have no other name in standard Fortran.
  recursive subroutine take_points(this, points)
    type(call_t), intent(inout) :: this
    real(real64), intent(in), target :: points(:, :)
    integer(c_intptr_t) :: apart

    ! An unknown layout goes to the library as it is, which refuses it by name.
    if (this%options%layout == CENTRA_COLUMNS) then
      this%n = size(points, 1, c_size_t)
      this%d = size(points, 2, c_size_t)
    else
      this%d = size(points, 1, c_size_t)
      this%n = size(points, 2, c_size_t)
    end if
    this%ld = size(points, 1, c_size_t)
    ! Without an element there is no address, and the library refuses the sizes first.
    if (size(points, 1) == 0 .or. size(points, 2) == 0) return
    this%points = c_loc(points(1, 1))
    if (size(points, 1) > 1) then
      apart = address_of(points(2, 1)) - address_of(points(1, 1))
      if (apart /= real_bytes) then
        call refuse(this, CENTRA_ERR_SHAPE, &
            'points: the elements of a column have gaps or run backwards; use a section with stride 1')
        return
      end if
    end if
    if (size(points, 2) > 1) then
      apart = address_of(points(1, 2)) - address_of(points(1, 1))
      if (apart < 0 .or. mod(apart, real_bytes) /= 0) then
        call refuse(this, CENTRA_ERR_SHAPE, &
            'points: the columns run backwards or lie a broken number of reals apart')
        return
      end if
      this%ld = apart / real_bytes
    end if
  end subroutine take_points

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
    else if (size(centers, 1) > 0 .and. size(centers, 2) > 0) then
      this%centers = c_loc(centers(1, 1))
    end if
  end subroutine take_centers

  recursive subroutine take_labels(this, labels)
    type(call_t), intent(inout) :: this
    integer(int32), intent(in), target :: labels(:)

    call check_vector(this, 'labels', size(labels, kind=c_size_t), is_contiguous(labels), this%n, &
        'points')
    if (size(labels) > 0) this%labels = c_loc(labels(1))
  end subroutine take_labels

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
    if (size(values) > 0) at = c_loc(values(1))
  end subroutine take_reals

  recursive subroutine take_workspace(this, workspace)
    type(call_t), intent(inout) :: this
    integer(int8), intent(in), target :: workspace(:)

    this%workspace_bytes = size(workspace, kind=c_size_t)
    if (size(workspace) == 0) then
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
    real(real64), intent(in), target :: element
    integer(c_intptr_t) :: address
    address = transfer(c_loc(element), address)
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

  recursive subroutine conclude(this, status, message)
    type(call_t), intent(inout) :: this
    integer(int32), intent(out), optional :: status
    character(len=*), intent(inout), optional :: message

    if (present(status)) status = this%status
    if (this%status >= CENTRA_OK) return
    ! No reason of ours: the library's, which is this thread's own.
    if (this%refusal == ' ') call copy_string(centra_error_detail(), this%refusal)
    if (present(message)) message = this%refusal
    if (.not. present(status)) error stop 'centra: ' // trim(this%refusal)
  end subroutine conclude

  !> As much of a C string as fits, and blanks.
  recursive subroutine copy_string(from, to)
    type(c_ptr), intent(in) :: from
    character(len=*), intent(inout) :: to
    character(kind=c_char), pointer :: chars(:)
    integer(c_size_t) :: length(1)
    integer :: i

    to = ' '
    if (.not. c_associated(from)) return
    length(1) = min(string_length(from), len(to, c_size_t))
    call c_f_pointer(from, chars, length)
    do i = 1, size(chars)
      to(i:i) = chars(i)
    end do
  end subroutine copy_string

end module centra
