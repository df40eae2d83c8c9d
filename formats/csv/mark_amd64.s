//go:build !purego

#include "textflag.h"

// func markAVX2(text []byte, delimiter byte, quotes, specials []uint64)
//
// For each of len(quotes) strides of 64 bytes: load it as two vectors, compare all bytes with the four
// looked for, and gather a bit a byte into a word.
TEXT ·markAVX2(SB), NOSPLIT, $0-80
	MOVQ text_base+0(FP), SI
	MOVQ quotes_base+32(FP), DI
	MOVQ quotes_len+40(FP), CX
	MOVQ specials_base+56(FP), DX
	VPBROADCASTB delimiter+24(FP), Y0
	VPBROADCASTB ·quoteByte(SB), Y1
	VPBROADCASTB ·lfByte(SB), Y2
	VPBROADCASTB ·crByte(SB), Y3
	TESTQ CX, CX
	JEQ  done

stride:
	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5

	VPCMPEQB Y4, Y1, Y6
	VPCMPEQB Y5, Y1, Y7
	VPMOVMSKB Y6, AX
	VPMOVMSKB Y7, BX
	SHLQ $32, BX
	ORQ  AX, BX
	MOVQ BX, (DI)

	VPCMPEQB Y4, Y0, Y6
	VPCMPEQB Y5, Y0, Y7
	VPCMPEQB Y4, Y2, Y8
	VPCMPEQB Y5, Y2, Y9
	VPOR Y6, Y8, Y6
	VPOR Y7, Y9, Y7
	VPCMPEQB Y4, Y3, Y8
	VPCMPEQB Y5, Y3, Y9
	VPOR Y6, Y8, Y6
	VPOR Y7, Y9, Y7
	VPMOVMSKB Y6, AX
	VPMOVMSKB Y7, BX
	SHLQ $32, BX
	ORQ  AX, BX
	MOVQ BX, (DX)

	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, DX
	DECQ CX
	JNE  stride
	VZEROUPPER

done:
	RET

DATA ·quoteByte(SB)/1, $0x22
DATA ·lfByte(SB)/1, $0x0a
DATA ·crByte(SB)/1, $0x0d
GLOBL ·quoteByte(SB), RODATA|NOPTR, $1
GLOBL ·lfByte(SB), RODATA|NOPTR, $1
GLOBL ·crByte(SB), RODATA|NOPTR, $1
