// All of the library under one name; its parts build on each other in the order Support, Ranks, Data, Network,
// Training, Storage, Run.
@_exported import LockstepData
@_exported import LockstepNetwork
@_exported import LockstepRanks
@_exported import LockstepRun
@_exported import LockstepStorage
@_exported import LockstepSupport
@_exported import LockstepTraining
