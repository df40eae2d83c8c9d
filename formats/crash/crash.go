// Package crash names the instants at which a test kills the program. In an ordinary build a point
// costs nothing; built with the tag crash, the environment says where the program dies:
//
//	BULKLOAD_CRASH=journal.sync.before@3  kills it when it reaches that point for the third time
//	BULKLOAD_CRASH_LOG=points.txt         has a line appended for every point that is reached
//
// A point's name says the place and the step, in small letters with dots between: "file.rename.after".
package crash
