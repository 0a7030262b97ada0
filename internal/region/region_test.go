package region

import "testing"

func TestProvincesGoByOfficialAndShortNames(t *testing.T) {
	cases := map[string]string{
		"서울특별시": "서울특별시", "서울": "서울특별시", "서울시": "서울특별시", " 서울 ": "서울특별시", "서울 특별시": "서울특별시",
		"부산": "부산광역시", "대구": "대구광역시", "인천": "인천광역시", "광주": "광주광역시", "대전": "대전광역시", "울산": "울산광역시",
		"세종": "세종특별자치시", "세종시": "세종특별자치시", "경기": "경기도", "경기도": "경기도",
		"강원": "강원특별자치도", "강원도": "강원특별자치도", "충북": "충청북도", "충청북도": "충청북도", "충남": "충청남도",
		"전북": "전북특별자치도", "전라북도": "전북특별자치도", "전북특별자치도": "전북특별자치도", "전남": "전라남도", "경북": "경상북도",
		"경남": "경상남도", "경상남도": "경상남도", "제주": "제주특별자치도", "제주도": "제주특별자치도",
		"": "", "강남구": "", "서": "", "한양": "", "경상도": "", "평양": "", "서울특별": "",
	}
	for s, want := range cases {
		if got, ok := Province(s); got != want || ok != (want != "") {
			t.Errorf("Province(%q) = %q, %v; want %q", s, got, ok, want)
		}
	}
}

func TestEveryProvinceHasAShortName(t *testing.T) {
	if len(official) != 17 {
		t.Fatalf("%d provinces, want 17", len(official))
	}
	named := map[string]bool{}
	for from, to := range short {
		if _, ok := official[to]; !ok {
			t.Errorf("%s leads to %s, which is not on the list", from, to)
		}
		named[to] = true
	}
	for province := range official {
		if !named[province] {
			t.Errorf("%s has no short name", province)
		}
	}
}

func TestTheWholeListIsKnown(t *testing.T) {
	rows := 0
	for province, districts := range official {
		rows += max(len(districts), 1)
		for _, d := range districts {
			for _, in := range []string{province, ""} {
				if got, ok := District(in, d); !ok || got != d {
					t.Errorf("District(%q, %q) = %q, %v", in, d, got, ok)
				}
			}
		}
	}
	if rows != 264 {
		t.Errorf("%d rows, want 264", rows)
	}
}

func TestDistrictsAreLookedForInTheirProvince(t *testing.T) {
	cases := []struct{ province, district, want string }{
		{"서울특별시", "강남구", "강남구"},
		{"부산광역시", "강남구", ""},
		{"", "강남구", "강남구"},
		{"경기도", "수원시", "수원시"},
		{"경기도", "수원시 장안구", "수원시 장안구"},
		{"경기도", " 수원시  장안구", "수원시 장안구"},
		{"경기도", "수원시장안구", "수원시 장안구"},
		{"서울특별시", "수원시", ""},
		{"", "한양구", ""},
		{"", "", ""},
		{"서울특별시", "", ""},
		{"세종특별자치시", "강남구", ""},
		{"없는도", "강남구", ""},
	}
	for _, c := range cases {
		if got, ok := District(c.province, c.district); got != c.want || ok != (c.want != "") {
			t.Errorf("District(%q, %q) = %q, %v; want %q", c.province, c.district, got, ok, c.want)
		}
	}
}

func TestTownsAreKnownByTheirEnding(t *testing.T) {
	for s, want := range map[string]bool{
		"역삼동": true, "역삼1동": true, "조치원읍": true, "오포면": true, "신촌리": true, "종로1가": true, "세종로": true, " 역삼동 ": true,
		"": false, "동": false, "역삼": false, "강남구": false, "서울특별시": false, "abc": false,
	} {
		if got := Town(s); got != want {
			t.Errorf("Town(%q) = %v", s, got)
		}
	}
}
