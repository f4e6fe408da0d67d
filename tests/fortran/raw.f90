!> The C functions by their own names: they say what the Fortran interface says, and they refuse null
!> and overlapping buffers, which the Fortran interface cannot even express.
program raw
  use, intrinsic :: iso_c_binding, only: c_associated, c_loc, c_null_ptr, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
  use centra
  use checks
  implicit none

  integer(c_size_t), parameter :: n = 600, d = 5, k = 7, none = 0
  real(real64), target :: points(d, n), tall(d + 3, n), weights(n)

  call real_points(1, points)
  tall = 9
  tall(:d, :) = points
  weights = 2 + points(2, :)
  call agree(1_int32, .false.)
  call agree(1_int32, .true.)
  call agree(0_int32, .false.)
  call agree(0_int32, .true.)
  call defaults()
  call nulls()
  call aliases()
  call old_and_new_structures()
  call finish('raw')

contains

  subroutine agree(label_base, with_weights)
    integer(int32), intent(in) :: label_base
    logical, intent(in) :: with_weights
    real(real64), target :: centers(d, k), far(n)
    real(real64) :: expected(d, k), expected_far(n), inertia, expected_inertia
    integer(int32), target :: labels(n)
    integer(int32) :: expected_labels(n)
    integer(int64), target :: counts(k)
    integer(int64) :: expected_counts(k)
    type(centra_options) :: options
    type(centra_report) :: report, expected_report
    type(kmeans_options) :: ours
    integer(int8), allocatable, target :: workspace(:)
    integer(c_size_t) :: bytes, enough, ld
    type(c_ptr) :: at
    integer(int32) :: status

    call centra_options_init(options)
    options%label_base = label_base
    options%seed = 42
    ours%seed = 42
    if (with_weights) options%weights = c_loc(weights)
    at = c_loc(tall)
    ld = d + 3
    bytes = 0
    call check('raw size', centra_workspace_size(n, d, k, options, bytes) == CENTRA_OK)
    ! Ours is for calls with weights, too.
    enough = kmeans_workspace_size(points, centers, ours)
    call check('raw size agrees', merge(bytes == enough, bytes <= enough, with_weights))
    allocate (workspace(bytes))

    call check('raw seed', centra_seed(at, n, d, ld, k, options, c_loc(centers), c_loc(workspace), &
        bytes) == CENTRA_OK)
    if (with_weights) then
      call kmeans_seed(points, expected, ours, weights)
    else
      call kmeans_seed(points, expected, ours)
    end if
    call check('raw seed agrees', same(centers, expected))

    call centra_report_init(report)
    status = centra_fit(at, n, d, ld, k, options, c_loc(centers), c_loc(labels), report, &
        c_loc(workspace), bytes)
    call check('raw fit', status == CENTRA_OK)
    if (with_weights) then
      call kmeans_fit(points, expected, expected_labels, ours, weights, expected_report)
    else
      call kmeans_fit(points, expected, expected_labels, ours, report=expected_report)
    end if
    call check('raw fit: centers agree', same(centers, expected))
    call check('raw fit: labels agree', same(labels + (1 - label_base), expected_labels))
    call check('raw fit: label base', minval(labels) == label_base)
    call check('raw fit: inertia agrees', same(report%inertia, expected_report%inertia))
    call check('raw fit: report agrees', report%iterations == expected_report%iterations &
        .and. report%stopped_by == expected_report%stopped_by &
        .and. report%threads == expected_report%threads .and. report%moved == expected_report%moved &
        .and. report%empty_clusters == expected_report%empty_clusters &
        .and. report%distances == expected_report%distances &
        .and. report%rechecked == expected_report%rechecked &
        .and. report%skipped == expected_report%skipped &
        .and. report%struct_size == expected_report%struct_size)

    status = centra_assign(at, n, d, ld, k, options, c_loc(centers), c_loc(labels), c_loc(far), &
        c_loc(workspace), bytes)
    call check('raw assign', status == CENTRA_OK)
    call kmeans_assign(points, expected, expected_labels, expected_far)
    call check('raw assign agrees', same(labels + (1 - label_base), expected_labels) &
        .and. same(far, expected_far))

    inertia = -1
    status = centra_inertia(at, n, d, ld, k, options, c_loc(centers), c_loc(labels), inertia)
    call check('raw inertia', status == CENTRA_OK)
    if (with_weights) then
      call kmeans_inertia(points, expected, expected_labels, expected_inertia, weights=weights)
    else
      call kmeans_inertia(points, expected, expected_labels, expected_inertia)
    end if
    call check('raw inertia agrees', same(inertia, expected_inertia))

    status = centra_update(at, n, d, ld, k, options, c_loc(labels), c_loc(centers), c_loc(counts), &
        c_loc(workspace), bytes)
    call check('raw update', status == CENTRA_OK)
    if (with_weights) then
      call kmeans_update(points, expected_labels, expected, expected_counts, weights=weights)
    else
      call kmeans_update(points, expected_labels, expected, expected_counts)
    end if
    call check('raw update agrees', same(centers, expected) .and. same(counts, expected_counts))
  end subroutine agree

  !> No options, no labels, no report, no workspace: absent arguments are null to C.
  subroutine defaults()
    real(real64), target :: centers(d, k), other(d, k)
    integer(int32), target :: labels(n)
    integer(int32) :: expected(n)
    integer(c_size_t) :: bytes
    real(real64) :: inertia
    call check('all defaults', centra_fit(c_loc(points), n, d, d, k, centers=c_loc(centers), &
        labels=c_null_ptr, workspace=c_null_ptr, workspace_bytes=none) == CENTRA_OK)
    call kmeans_fit(points, other)
    call check('all defaults agree', same(centers, other))
    call check('assign, defaults', centra_assign(c_loc(points), n, d, d, k, centers=c_loc(centers), &
        labels=c_loc(labels), sqdist=c_null_ptr, workspace=c_null_ptr, workspace_bytes=none) &
        == CENTRA_OK)
    call kmeans_assign(points, centers, expected)
    call check('assign, defaults: labels from 0', same(labels + 1, expected))
    call check('inertia, defaults', centra_inertia(c_loc(points), n, d, d, k, centers=c_loc(centers), &
        labels=c_loc(labels), inertia=inertia) == CENTRA_OK)
    call check('update, defaults', centra_update(c_loc(points), n, d, d, k, labels=c_loc(labels), &
        centers=c_loc(other), counts=c_null_ptr, workspace=c_null_ptr, workspace_bytes=none) &
        == CENTRA_OK)
    call check('seed, defaults', centra_seed(c_loc(points), n, d, d, k, centers=c_loc(other), &
        workspace=c_null_ptr, workspace_bytes=none) == CENTRA_OK)
    call check('size, defaults', centra_workspace_size(n, d, k, bytes=bytes) == CENTRA_OK)
    call check('size, nowhere to put it', centra_workspace_size(n, d, k) == CENTRA_ERR_NULL)
  end subroutine defaults

  subroutine nulls()
    real(real64), target :: centers(d, k)
    integer(int32), target :: labels(n)
    real(real64) :: inertia
    integer(int32) :: status
    integer :: missing
    type(c_ptr) :: p, c, l
    do missing = 1, 3
      p = c_loc(points)
      c = c_loc(centers)
      l = c_loc(labels)
      if (missing == 1) p = c_null_ptr
      if (missing == 2) c = c_null_ptr
      if (missing == 3) l = c_null_ptr
      centers = 1
      labels = 0
      inertia = 5
      if (missing < 3) then
        status = centra_fit(p, n, d, d, k, centers=c, labels=l, workspace=c_null_ptr, &
            workspace_bytes=none)
        call check('fit: null', status == CENTRA_ERR_NULL)
        status = centra_seed(p, n, d, d, k, centers=c, workspace=c_null_ptr, workspace_bytes=none)
        call check('seed: null', status == CENTRA_ERR_NULL)
      end if
      status = centra_assign(p, n, d, d, k, centers=c, labels=l, sqdist=c_null_ptr, &
          workspace=c_null_ptr, workspace_bytes=none)
      call check('assign: null', status == CENTRA_ERR_NULL)
      call check('assign: null, detail', detail_names(missing))
      status = centra_update(p, n, d, d, k, labels=l, centers=c, counts=c_null_ptr, &
          workspace=c_null_ptr, workspace_bytes=none)
      call check('update: null', status == CENTRA_ERR_NULL)
      call check('update: null, detail', detail_names(missing))
      status = centra_inertia(p, n, d, d, k, centers=c, labels=l, inertia=inertia)
      call check('inertia: null', status == CENTRA_ERR_NULL)
      call check('inertia: null, detail', detail_names(missing))
      call check('null: outputs untouched', all(labels == 0) .and. same(inertia, 5.0_real64) &
          .and. same(centers, spread(spread(1.0_real64, 1, int(d)), 2, int(k))))
    end do
    status = centra_inertia(c_loc(points), n, d, d, k, centers=c_loc(centers), labels=c_loc(labels))
    call check('inertia: nowhere to put it', status == CENTRA_ERR_NULL)
    call check('a string of null is empty', len(centra_string(c_null_ptr)) == 0)
    call check('the detail is a C string', c_associated(centra_error_detail()))
  end subroutine nulls

  function detail_names(which) result(named)
    integer, intent(in) :: which
    logical :: named
    character(len=7), parameter :: names(3) = ['points ', 'centers', 'labels ']
    named = index(centra_string(centra_error_detail()), trim(names(which))) > 0
  end function detail_names

  subroutine aliases()
    real(real64), target :: memory(d * n + n), weights_too(n), centers(d, k)
    integer(int32), target :: labels(n)
    integer(int32) :: status
    integer(int8), allocatable, target :: workspace(:)
    integer(c_size_t) :: bytes
    type(centra_options) :: options
    memory(:d * n) = reshape(points, [d * n])
    memory(d * n + 1:) = 1
    weights_too = 1
    labels = 3
    status = centra_fit(c_loc(memory), n, d, d, k, centers=c_loc(memory(11)), labels=c_loc(labels), &
        workspace=c_null_ptr, workspace_bytes=none)
    call check('centers inside points', status == CENTRA_ERR_ALIAS)
    status = centra_assign(c_loc(memory), n, d, d, k, centers=c_loc(centers), labels=c_loc(centers), &
        sqdist=c_null_ptr, workspace=c_null_ptr, workspace_bytes=none)
    call check('labels over centers', status == CENTRA_ERR_ALIAS)
    status = centra_assign(c_loc(memory), n, d, d, k, centers=c_loc(centers), labels=c_loc(labels), &
        sqdist=c_loc(memory(d * n)), workspace=c_null_ptr, workspace_bytes=none)
    call check('distances over the last point', status == CENTRA_ERR_ALIAS)
    status = centra_update(c_loc(memory), n, d, d, k, labels=c_loc(labels), centers=c_loc(centers), &
        counts=c_loc(centers(1, 2)), workspace=c_null_ptr, workspace_bytes=none)
    call check('counts over centers', status == CENTRA_ERR_ALIAS)
    call centra_options_init(options)
    options%weights = c_loc(weights_too)
    bytes = 0
    status = centra_workspace_size(n, d, k, options, bytes)
    allocate (workspace(bytes))
    status = centra_seed(c_loc(memory), n, d, d, k, options, c_loc(weights_too), c_loc(workspace), bytes)
    call check('centers over weights', status == CENTRA_ERR_ALIAS)
    status = centra_seed(c_loc(memory), n, d, d, k, options, c_loc(workspace), c_loc(workspace), bytes)
    call check('centers in the workspace', status == CENTRA_ERR_ALIAS)
    call check('alias: nothing written', all(labels == 3) .and. same(weights_too, &
        spread(1.0_real64, 1, int(n))) .and. same(memory(:d * n), reshape(points, [d * n])))
    ! Side by side is not over one another.
    memory(d * n + 1:d * n + d * k) = 0
    status = centra_seed(c_loc(memory), n, d, d, k, centers=c_loc(memory(d * n + 1)), &
        workspace=c_null_ptr, workspace_bytes=none)
    call check('centers right behind points', status == CENTRA_OK)
  end subroutine aliases

  subroutine old_and_new_structures()
    real(real64), target :: centers(d, k)
    type(centra_options) :: options
    type(centra_report) :: report
    integer(int32) :: status

    centers = 6
    status = fit_with(options, centers)
    call check('options never initialised', status == CENTRA_ERR_OPTION)
    call centra_options_init(options)
    options%struct_size = options%struct_size + 8
    status = fit_with(options, centers)
    call check('options of a later version', status == CENTRA_ERR_OPTION)
    call check('refused: centers untouched', same(centers, spread(spread(6.0_real64, 1, int(d)), 2, &
        int(k))))
    call centra_options_init(options)
    ! A version that ended at max_iter: tol and what follows is not read.
    options%struct_size = 40
    options%tol = -1
    options%max_iter = 2
    call centra_report_init(report)
    status = centra_fit(c_loc(points), n, d, d, k, options, c_loc(centers), c_null_ptr, report, &
        c_null_ptr, none)
    call check('options of an earlier version', status == CENTRA_OK .and. report%iterations == 2)
    call centra_options_init(options)
    call centra_report_init(report)
    report%struct_size = 32                        ! up to empty_clusters
    report%moved = -4
    report%inertia = -5
    status = centra_fit(c_loc(points), n, d, d, k, options, c_loc(centers), c_null_ptr, report, &
        c_null_ptr, none)
    call check('report of an earlier version', status == CENTRA_OK .and. report%iterations > 0)
    call check('and nothing behind its end', report%struct_size == 32 .and. report%moved == -4 &
        .and. same(report%inertia, -5.0_real64))
  end subroutine old_and_new_structures

  function fit_with(chosen, centers) result(outcome)
    type(centra_options), intent(in) :: chosen
    real(real64), intent(inout), target, contiguous :: centers(:, :)
    integer(int32) :: outcome
    outcome = centra_fit(c_loc(points), n, d, d, k, chosen, c_loc(centers), c_null_ptr, &
        workspace=c_null_ptr, workspace_bytes=none)
  end function fit_with

end program raw
